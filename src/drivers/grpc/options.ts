import { oneOf, text } from '../../values/leaf.ts'
import type { CallKind } from '../driver.ts'

/** What only gRPC knows. */
export interface GrpcOptions {
  service?: string
  method?: string
  kind?: CallKind
  compression: 'none' | 'gzip' | 'deflate'
}

const KINDS: Readonly<Record<CallKind, string>> = {
  unary: 'one message each way',
  'server-stream': 'one message, answered by many',
  'client-stream': 'many messages, answered by one',
  bidi: 'many messages each way',
}

const COMPRESSIONS: Readonly<Record<GrpcOptions['compression'], string>> = {
  none: 'not compressed',
  gzip: 'gzip',
  deflate: 'deflate',
}

export const GRPC_OPTIONS = {
  service: text('name of a service', ['inference.GRPCInferenceService'])
    .optional()
    .describe('Full name of the service, for an API that names none (`raw`).'),
  method: text('name of a method', ['ModelInfer'])
    .optional()
    .describe(
      'Name of the method. Default: the first of the API’s, e.g. `ModelInfer`; `ModelStreamInfer` streams.',
    ),
  kind: oneOf('kind of call', KINDS)
    .optional()
    .describe('Who sends how many messages, for an API that does not say (`raw`). Default: `unary`.'),
  compression: oneOf('compression', COMPRESSIONS)
    .default('none')
    .describe('Compression of messages, as far as the server accepts it. Default: `none`.'),
}
