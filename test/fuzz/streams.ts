/** Streams: events in any pieces, lines of a program, messages of JSON-RPC. */

import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import type { Dispatcher } from 'undici'
import { dialect } from '../../src/dialects/registry.ts'
import type { CallSlot, Outcome } from '../../src/drivers/driver.ts'
import type { HttpSession } from '../../src/drivers/http/session.ts'
import { EventExchange } from '../../src/drivers/sse/exchange.ts'
import { Utf8Stream } from '../../src/drivers/sse/utf8-stream.ts'
import { caseOf, NOTHING } from '../contract/play.ts'
import { changedBytes, cuts, pieces } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

const target = { interface: 'sse', api: 'openai-completions', url: 'http://h' } as const
const payload = { ...NOTHING, form: 'json', json: {} } as const
const codec = dialect('openai-completions').http!.codec({
  ...caseOf({ target, payload }),
  file: null,
  streaming: true,
})

const chunk = (text: string) => `data: ${JSON.stringify({ choices: [{ text }] })}\n\n`
const STREAMS = [
  `${chunk('hé')}${chunk('€😀')}data: [DONE]\n\n`,
  `: keep-alive\r\nid: 5\r\nevent: x\r\nretry: 10\r\n${chunk('a').replaceAll('\n', '\r\n')}data: [DONE]\r\n\r\n`,
  `\ufeffdata: {"choices":\ndata: [{"text":"b"}]}\n\nid\ndata:[DONE]\n\n`,
  `${chunk('x')}data: not json\n\n`,
  `data: [DONE]\r\rdata\r\r`,
].map((text) => Buffer.from(text))

/** What a call was told of a reply that came in these pieces: everything but when. */
function told(reply: readonly Buffer[]): string {
  const seen = { tokens: 0, payloadBytes: 0, total: -1, ends: [] as Outcome[] }
  const call = {
    state: null,
    traceNumber: 0,
    encoded() {},
    written() {},
    writable() {},
    firstByte() {},
    received() {},
    decoded() {},
    lastByte() {},
    server() {},
    content(tokens: number, payloadBytes: number) {
      seen.tokens += tokens
      seen.payloadBytes += payloadBytes
    },
    tokens(total: number) {
      seen.total = total
    },
    end(outcome: Outcome) {
      seen.ends.push(outcome)
    },
  } satisfies CallSlot
  // Of its connection, an exchange asks only to be rid of the call.
  const session = {
    finished: (one: EventExchange) => {
      one.call = null
    },
    cancel: () => {
      exchange.call = null
    },
  } as unknown as HttpSession
  const exchange = new EventExchange(codec, session, false)
  const controller = {} as Dispatcher.DispatchController
  exchange.begin(call)
  exchange.onResponseStart(controller, 200, { 'content-type': 'text/event-stream' })
  for (const piece of reply) exchange.onResponseData(controller, piece)
  exchange.onResponseEnd()
  if (seen.ends.length !== 1) throw new Error(`it ended ${seen.ends.length} times`)
  return JSON.stringify(seen)
}

const split = subject<[stream: Buffer, at: number[]]>({
  name: 'an event stream in any pieces is the stream as a whole',
  inputs: fc.tuple(changedBytes(...STREAMS), cuts),
  cost: 2,
  holds([stream, at]) {
    const whole = told([stream])
    const cut = told(pieces(stream, at))
    const single = told(pieces(stream, [...stream.keys()]))
    // What came before a fault counts, and in one piece the fault is found first.
    const isFault = whole.includes('"utf8"') || cut.includes('"utf8"') || single.includes('"utf8"')
    if (isFault) {
      if (![whole, cut, single].every((one) => /"class":"(decode|sse\.\w+)"/.test(one)))
        throw new Error(whole + cut)
    } else if (whole !== cut || whole !== single) throw new Error(`${whole}\n${cut}\n${single}`)
  },
})

const utf8 = subject<[bytes: Buffer, at: number[]]>({
  name: 'UTF-8 in any pieces',
  inputs: fc.tuple(
    changedBytes(Buffer.from('aé€😀\u{10ffff}z'), Buffer.from('\ufeff\u07ff\u0800\uffff')),
    cuts,
  ),
  holds([bytes, at]) {
    const stream = new Utf8Stream()
    let text = ''
    for (const piece of pieces(bytes, at)) {
      const part = stream.decode(piece)
      if (part === null) {
        if (isUtf8(bytes)) throw new Error('it is valid')
        return
      }
      text += part
    }
    if (!bytes.toString('utf8').startsWith(text)) throw new Error(text)
  },
})

export const streams: Subject[] = [split, utf8]
