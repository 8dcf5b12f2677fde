import { Buffer } from 'node:buffer'
import { type CodecOptions, DecodeError, type HttpCodec } from './dialect.ts'

interface Reading {
  contentType: string
  reply?: HttpCodec['reply']
  chunk?: HttpCodec['chunk']
  endMark?: string
}

/** Sends what the scenario wrote out (`json`, `text`, `file`, or nothing) and reads replies as the dialect does. */
export function literalCodec({ payload, file }: CodecOptions, reading: Reading): HttpCodec {
  const none = (): never => {
    throw new DecodeError('this dialect does not read such replies')
  }
  const reader = {
    endMark: reading.endMark ?? null,
    reply: reading.reply ?? none,
    chunk: reading.chunk ?? none,
  }
  if (payload.form === 'json') {
    const { json } = payload
    const payloadBytes = Buffer.byteLength(JSON.stringify(json))
    const headers = { 'content-type': 'application/json' }
    return { ...reader, headers, payloadBytes, encode: () => JSON.stringify(json) }
  }
  if (payload.form === 'text') {
    const { text } = payload
    const headers = { 'content-type': reading.contentType }
    return { ...reader, headers, payloadBytes: Buffer.byteLength(text), encode: () => text }
  }
  if (payload.form === 'none' || file === null) {
    return { ...reader, headers: {}, payloadBytes: 0, encode: null }
  }
  const headers = { 'content-type': reading.contentType }
  return { ...reader, headers, payloadBytes: file.byteLength, encode: () => file }
}
