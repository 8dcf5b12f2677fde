/**
 * The Open Inference Protocol (KServe v2), as Triton and many others speak it.
 * https://github.com/kserve/open-inference-protocol
 */

import type { Dialect } from '../dialect.ts'
import { kserveHttp } from './http.ts'

export const kserveV2: Dialect = {
  name: 'kserve-v2',
  says: 'Open Inference Protocol: tensors, as JSON or binary',
  form: 'size',
  http: kserveHttp,
}
