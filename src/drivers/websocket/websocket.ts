/** WebSocket: calls of all four kinds, many at once on one connection, with ws. */

import { type Dialect, DialectError } from '../../dialects/dialect.ts'
import { dialect } from '../../dialects/registry.ts'
import type { WebSocketCodec, WebSocketFace } from '../../dialects/websocket-face.ts'
import type { Target } from '../../plan/plan.ts'
import type { CallKind, Protocol } from '../driver.ts'
import { WEBSOCKET_OPTIONS, type WebSocketOptions, webSocketOptionText } from './options.ts'

/** What a target calls. */
interface Called {
  face: WebSocketFace
  /** Empty where the API knows no methods. */
  method: string
  kind: CallKind
}

function called({ api, options }: Target): Called {
  const face = faceOf(dialect(api))
  const { method, kind, correlation, end_mark: endMark, resume } = options as unknown as WebSocketOptions
  if (resume && !face.resume) {
    throw new DialectError(
      `${api} knows no sessions that outlive a connection: remove resume from the target`,
    )
  }
  if (!face.methods) {
    if (method !== undefined) throw new DialectError(`${api} has no methods: remove method from the target`)
    return { face, method: '', kind: kind ?? 'unary' }
  }
  for (const [key, value] of Object.entries({ kind, correlation, end_mark: endMark })) {
    if (value === undefined) continue
    throw new DialectError(
      `${api} says itself how its messages belong together: remove ${key} from the target`,
    )
  }
  const names = Object.keys(face.methods)
  const name = method ?? names[0]!
  const found = Object.hasOwn(face.methods, name) ? face.methods[name] : undefined
  if (!found) {
    throw new DialectError(`${api} has no method ${name.slice(0, 64)}: take one of ${names.join(', ')}`)
  }
  return { face, method: name, kind: found.kind }
}

function faceOf({ name, websocket: face }: Dialect): WebSocketFace {
  if (!face) throw new DialectError(`${name} is not spoken over websocket`)
  return face
}

export const websocket: Protocol<WebSocketCodec> = {
  name: 'websocket',
  says: 'messages of many calls on one connection, in text or binary frames',
  schemes: ['ws', 'wss'],
  reference: 'ws',
  kinds: ['unary', 'server-stream', 'client-stream', 'bidi'],
  tokenPlaces: ['header', 'query', 'subprotocol'],
  options: WEBSOCKET_OPTIONS,
  optionText: webSocketOptionText,
  stamps: {
    sent: 'a connection has room; before the message is encoded',
    encoded: 'the first message is encoded; ws masks, compresses and frames it later',
    written: 'ws handed the first message to the socket in full (the callback of `send`)',
    firstByte:
      'ws handed out the reply’s first message, whole and decompressed: what it took to come is before this',
    received: 'ws handed out a message of the stream, and its call was found',
    decoded: 'a message is parsed and its content read',
    lastByte:
      'the message that ends the reply was handed out; of a stream, it is known as the last one once it is read',
  },
  idleServer: async (asked) => (await import('./idle-server.ts')).startIdleServer(asked),
  idleCodec: async (codec) => (await import('./idle-server.ts')).idleCodec(codec),
  speaks: ({ websocket: face }) => face !== undefined,
  kind: (target) => called(target).kind,
  path: (target) => called(target).face.path,
  codec: (options) => {
    const { face, method } = called(options.target)
    return face.codec(options, method)
  },
  driver: async (options) => {
    const { WebSocketDriver } = await import('./driver.ts')
    const { face, kind } = called(options.target)
    return new WebSocketDriver(options, kind, face.resume)
  },
}
