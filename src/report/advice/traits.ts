/** What a protocol can do, whatever its numbers: properties that no measurement changes. By the matrix's headings. */

export type Trait =
  | 'browser'
  | 'streams'
  | 'duplex'
  | 'stateless'
  | 'plain HTTP'
  | 'schema'
  | 'readable'
  | 'discovery'
  | 'binary'

/** What is said of an interface that is without it. */
export const WITHOUT: Readonly<Record<Trait, string>> = {
  browser: 'no client in browsers',
  streams: 'replies in one piece',
  duplex: 'client and server cannot both go on talking',
  stateless: 'a server must know its client',
  'plain HTTP': 'gateways must be told of it',
  schema: 'no standard for its schema',
  readable: 'not readable on the wire',
  discovery: 'a client cannot ask what there is to call',
  binary: 'tensors as text',
}

export const TRAITS: Readonly<Record<string, readonly Trait[]>> = {
  REST: ['browser', 'stateless', 'plain HTTP', 'schema', 'readable'],
  'gRPC (Unary)': ['stateless', 'schema', 'binary'],
  WebSocket: ['browser', 'duplex', 'binary'],
  'WebSocket Stream': ['browser', 'streams', 'duplex', 'binary'],
  'Streaming/SSE': ['browser', 'streams', 'plain HTTP', 'readable'],
  'gRPC Stream': ['streams', 'duplex', 'schema', 'binary'],
  MCP: ['browser', 'plain HTTP', 'schema', 'readable', 'discovery'],
  'MCP Progress': ['browser', 'streams', 'plain HTTP', 'schema', 'readable', 'discovery'],
}
