import type { LearnedMethod } from '../../dialects/learned-method.ts'
import { flag, integer, names, oneOf, quantity, text } from '../../values/leaf.ts'
import { DURATION } from '../../values/units.ts'
import type { CallKind } from '../driver.ts'
import { TRACEPARENT, TRACEPARENT_OPTION } from '../trace.ts'

/** What only gRPC knows. */
export interface GrpcOptions {
  service?: string
  method?: string
  kind?: CallKind
  compression: 'none' | 'gzip' | 'deflate'
  /** In milliseconds. */
  deadline?: number
  calls_per_connection: number
  proto?: string[]
  import_paths?: string[]
  reflection?: boolean
  /** Put there by the plan: what the schema says of the call. */
  learned?: LearnedMethod
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
  deadline: quantity(DURATION)
    .optional()
    .describe(
      'How long the server may take for a call, told to it with each (`grpc-timeout`). The client itself waits for `timeout`. Default: none is told.',
    ),
  calls_per_connection: integer('number of calls', 1, 1_000_000)
    .default(100)
    .describe(
      'Calls at once on a connection. Where the server says that it takes fewer streams, as many as it takes. Default: 100.',
    ),
  proto: names('path of a .proto file')
    .optional()
    .describe(
      'Files that describe the service, for an API that does not (`raw`). The payload’s `json` is then checked against the message’s type and encoded; the kind of call is read from them. Paths are relative to the scenario.',
    ),
  import_paths: names('path of a folder')
    .optional()
    .describe(
      'Folders in which the imports of `proto` are looked for, besides those of the files and of the scenario.',
    ),
  reflection: flag()
    .optional()
    .describe(
      '`true`: the server is asked for its schema before the load (gRPC server reflection), in the place of `proto`. `validate` asks no server: it takes the call for one of the `kind` that stands here.',
    ),
  [TRACEPARENT]: TRACEPARENT_OPTION,
}
