import type { Payload, TensorEncoding } from '../../plan/plan.ts'
import { DialectError } from '../dialect.ts'
import { type Tensor, tensorOf } from '../tensors.ts'

/** The one input of a request. Throws `DialectError`. */
export function inputOf(payload: Payload, encodings?: readonly TensorEncoding[]): Tensor {
  const input = tensorOf(payload, encodings)
  if (input.datatype === 'FP16' && payload.encoding === 'json') {
    // gRPC has no list for them, and Triton reads none from JSON either.
    throw new DialectError('numbers of FP16 travel as bytes only: add encoding: binary to the payload', {
      at: ['datatype'],
    })
  }
  return input
}

/** What a request says of it beside its data. */
export function described({ name, shape, datatype }: Tensor): Pick<Tensor, 'name' | 'shape' | 'datatype'> {
  return { name, shape, datatype }
}
