/** What a packet capture tells of connections: when each step of a handshake came by, and who kept it waiting. */

import type { End, Packet } from './link.ts'

const TCP = 6
const UDP = 17
const DNS_PORT = 53
const SYN = 0x02
const ACK = 0x10
const TLS_HANDSHAKE = 22
const TLS_CHANGE_CIPHER_SPEC = 20

/** A stretch of a connection, as the client's end of the link saw it. */
interface Stretch {
  wireMs: number
  /** Of it, what the two ends took to answer, each from a packet's arrival there to its reply's departure. */
  answeringMs: number
}

/** One TCP connection of the client. A stretch that there is not is all NaN. */
export interface CapturedConnection {
  /** From SYN to SYN-ACK. */
  tcp: Stretch
  /**
   * From SYN-ACK to the server's ChangeCipherSpec, which is the last that a client waits for: with TLS 1.2 it comes
   * just before the server's Finished, with TLS 1.3 in the same flight.
   */
  tls: Stretch
  /** From there to the server's `roundTrips`-th answer. */
  setup: Stretch
  /** Bytes of TCP payload in both directions, its call included. */
  byteCount: number
}

interface Segment extends Packet {
  clientPort: number
  serverPort: number
  flags: number
  sequence: number
  payload: Buffer
}

/** The connections to a port of the server, in the order of their SYNs. `setups`: round trips of the setup. */
export function connections(
  packets: readonly Packet[],
  serverPort: number,
  setups: number,
): CapturedConnection[] {
  const own = packets
    .flatMap((packet) => segment(packet) ?? [])
    .filter((one) => one.serverPort === serverPort)
  return [...Map.groupBy(own, ({ clientPort }) => clientPort).values()].map((segments) =>
    connection(segments, setups),
  )
}

/** How long each look-up took, from the first question to the last answer for one name. */
export function lookups(packets: readonly Packet[]): number[] {
  const byPort = new Map<number, { askedMs: number; answeredMs: number }>()
  for (const { atMs, seenAt, sentBy, bytes } of packets) {
    const ip = header(bytes)
    if (ip.protocol !== UDP || seenAt !== 'client') continue
    const [source, destination] = [ip.rest.readUInt16BE(0), ip.rest.readUInt16BE(2)]
    if ((sentBy === 'client' ? destination : source) !== DNS_PORT) continue
    const port = sentBy === 'client' ? source : destination
    const lookup = byPort.get(port) ?? { askedMs: atMs, answeredMs: Number.NaN }
    if (sentBy === 'server') lookup.answeredMs = atMs
    byPort.set(port, lookup)
  }
  return [...byPort.values()].map(({ askedMs, answeredMs }) => answeredMs - askedMs)
}

function connection(segments: readonly Segment[], setups: number): CapturedConnection {
  const client = segments.filter(({ seenAt }) => seenAt === 'client')
  const syn = client.find(({ flags }) => (flags & (SYN | ACK)) === SYN)
  const synAck = client.find(({ flags }) => (flags & (SYN | ACK)) === (SYN | ACK))
  const startMs = syn?.atMs ?? Number.NaN
  const connectedMs = synAck?.atMs ?? Number.NaN
  const securedMs = changeCipherSpecMs(client)
  const readyMs = answerMs(client, Number.isNaN(securedMs) ? connectedMs : securedMs, setups)
  return {
    tcp: stretch(segments, startMs, connectedMs),
    tls: stretch(segments, connectedMs, securedMs),
    setup: stretch(segments, Number.isNaN(securedMs) ? connectedMs : securedMs, readyMs),
    byteCount: client.reduce((sum, { payload }) => sum + payload.length, 0),
  }
}

function stretch(segments: readonly Segment[], fromMs: number, toMs: number): Stretch {
  const inside = segments.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
  return {
    wireMs: toMs - fromMs,
    answeringMs: Number.isNaN(toMs) ? Number.NaN : answering(inside, 'client') + answering(inside, 'server'),
  }
}

/** The time that one end took to answer, over all of its answers. */
function answering(segments: readonly Segment[], end: End): number {
  let sumMs = 0
  let arrivedMs = Number.NaN
  for (const { atMs, seenAt, sentBy, payload } of segments) {
    if (seenAt !== end) continue
    if (sentBy !== end) arrivedMs = atMs
    else if (payload.length > 0 && !Number.isNaN(arrivedMs)) {
      sumMs += atMs - arrivedMs
      arrivedMs = Number.NaN
    }
  }
  return sumMs
}

/** When the client saw the server begin its `count`-th answer after `fromMs`. NaN: there is none. */
function answerMs(client: readonly Segment[], fromMs: number, count: number): number {
  let turns = 0
  let speaker: End = 'server'
  for (const { atMs, sentBy, payload } of client) {
    if (!(atMs > fromMs) || payload.length === 0 || sentBy === speaker) continue
    speaker = sentBy
    if (speaker === 'server' && ++turns === count) return atMs
  }
  return Number.NaN
}

/** When the server's ChangeCipherSpec came; records may span segments. NaN: there is none. */
function changeCipherSpecMs(client: readonly Segment[]): number {
  const server = client.filter(({ sentBy, payload }) => sentBy === 'server' && payload.length > 0)
  if (server[0]?.payload[0] !== TLS_HANDSHAKE) return Number.NaN
  let stream = Buffer.alloc(0)
  let at = 0
  const seen = new Set<number>()
  for (const { atMs, sequence, payload } of server) {
    if (seen.has(sequence)) continue
    seen.add(sequence)
    stream = Buffer.concat([stream, payload])
    while (at + 5 <= stream.length) {
      if (stream[at] === TLS_CHANGE_CIPHER_SPEC) return atMs
      at += 5 + stream.readUInt16BE(at + 3)
    }
  }
  return Number.NaN
}

function segment(packet: Packet): Segment | null {
  const ip = header(packet.bytes)
  if (ip.protocol !== TCP) return null
  const [source, destination] = [ip.rest.readUInt16BE(0), ip.rest.readUInt16BE(2)]
  const fromClient = packet.sentBy === 'client'
  return {
    ...packet,
    clientPort: fromClient ? source : destination,
    serverPort: fromClient ? destination : source,
    flags: ip.rest[13]!,
    sequence: ip.rest.readUInt32BE(4),
    payload: ip.rest.subarray((ip.rest[12]! >> 4) * 4),
  }
}

function header(bytes: Buffer): { protocol: number; rest: Buffer } {
  const length = (bytes[0]! & 0x0f) * 4
  return { protocol: bytes[9]!, rest: bytes.subarray(length, bytes.readUInt16BE(2)) }
}
