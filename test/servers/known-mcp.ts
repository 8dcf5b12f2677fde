import { Known } from './known-behaviour.ts'
import { startPlainMcp, textResult } from './plain-mcp.ts'

const BUSY = -32000

/** MCP over Streamable HTTP; `kind` in the header `known` says whether the tool tells its progress. */
export async function startKnownMcp(): Promise<number> {
  const { port } = await startPlainMcp((answer) => {
    const response = answer.response!
    const known = String(response.req.headers.known)
    const streams = known.includes('kind=server-stream')
    const call = new Known(known, performance.now(), {
      chunk: () => void (streams && answer.progress('x')),
      piece: () => answer.comment(),
      reply: (written) => {
        // What has been told already is not told again.
        answer.result(textResult(streams ? '' : 'x'))
        written()
      },
      fail: () => answer.error(BUSY, 'busy'),
    })
    response.on('close', () => call.cancelled())
    call.requested()
  })
  return port
}
