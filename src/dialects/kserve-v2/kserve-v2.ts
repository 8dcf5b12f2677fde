/**
 * The Open Inference Protocol (KServe v2), as Triton and many others speak it.
 * https://github.com/kserve/open-inference-protocol
 */

import type { Dialect } from '../dialect.ts'
import { kserveGrpc } from './grpc.ts'
import { kserveHttp } from './http.ts'
import { kserveMcp } from './mcp.ts'
import { kserveWebSocket } from './websocket.ts'

export const kserveV2: Dialect = {
  name: 'kserve-v2',
  says: 'Open Inference Protocol: tensors, as JSON or binary; over gRPC, typed or raw',
  form: 'size',
  tensors: true,
  http: kserveHttp,
  grpc: kserveGrpc,
  websocket: kserveWebSocket,
  mcp: kserveMcp,
}
