import type { Tensor } from '../tensors.ts'

/** What a request says of an input beside its data. */
export function described({ name, shape, datatype }: Tensor): Pick<Tensor, 'name' | 'shape' | 'datatype'> {
  return { name, shape, datatype }
}
