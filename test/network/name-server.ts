import { Buffer } from 'node:buffer'
import dgram from 'node:dgram'

const HEADER_BYTES = 12
const A_RECORD = 1
const CLASS_IN = 1
const TTL_S = 60

/** A DNS server that knows one IPv4 address for every name, and takes `delayMs` for each answer. */
export function startNameServer(
  listenOn: string,
  port: number,
  address: string,
  delayMs: number,
): Promise<void> {
  const server = dgram.createSocket('udp4')
  server.on('message', (query, { address: host, port: from }) => {
    setTimeout(() => server.send(answer(query, address), from, host), delayMs)
  })
  return new Promise((resolve) => server.bind(port, listenOn, resolve))
}

/** RFC 1035, section 4.1. A name has no address of another kind than IPv4, which is no error. */
function answer(query: Buffer, address: string): Buffer {
  let end = HEADER_BYTES
  while (query[end] !== 0) end += query[end]! + 1
  const type = query.readUInt16BE(end + 1)
  const question = query.subarray(HEADER_BYTES, end + 5)
  const header = Buffer.alloc(HEADER_BYTES)
  query.copy(header, 0, 0, 2)
  // A recursive answer without an error.
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(1, 4)
  if (type !== A_RECORD) return Buffer.concat([header, question])
  header.writeUInt16BE(1, 6)
  const record = Buffer.alloc(16)
  // The name that stands in the question.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0)
  record.writeUInt16BE(A_RECORD, 2)
  record.writeUInt16BE(CLASS_IN, 4)
  record.writeUInt32BE(TTL_S, 6)
  record.writeUInt16BE(4, 10)
  for (const [index, part] of address.split('.').entries()) record[12 + index] = Number(part)
  return Buffer.concat([header, question, record])
}
