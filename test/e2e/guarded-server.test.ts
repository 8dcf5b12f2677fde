// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** A scenario that starts the bundled server with a token and certificates for clients, and has both. */

import { expect, test } from 'vitest'
import { runScenario } from './cli.ts'

const TOKEN = 'c4n4ryQ7xZw9Kp2'

test('targets with and without a token and a certificate, in one run', async () => {
  const tls = '{ ca: "${reference.ca}", cert: "${reference.client_cert}", key: "${reference.client_key}" }'
  const common = 'api: kserve-v2, model: echo, auth: { bearer: "${env:SERVER_TOKEN}" }'
  const yaml = `server: { reference: { provider: cpu, token_env: SERVER_TOKEN } }
targets:
  rest: { interface: rest, ${common}, url: "\${reference.https}", tls: ${tls} }
  grpc: { interface: grpc, ${common}, url: "\${reference.grpcs}", tls: ${tls}, connection: resumed }
  websocket: { interface: websocket, ${common}, url: "\${reference.wss}", tls: ${tls} }
  mcp: { interface: mcp, ${common}, url: "\${reference.mcps}", tls: ${tls} }
  unverified: { interface: rest, ${common}, url: "\${reference.https}", tls: ${tls.replace('ca: "${reference.ca}"', 'verify: false')} }
  stranger: { interface: rest, api: kserve-v2, model: echo, url: "\${reference.http}" }
defaults: { rounds: 1, payload: { size: 64B }, load: { concurrency: 1, calls: 3, warmup: 0s } }
`
  const { code, stdout, stderr, result } = await runScenario(yaml, [], { SERVER_TOKEN: TOKEN })
  const classes = Object.fromEntries(
    result.cases.map(({ target, errors }) => [
      target,
      errors.map((error) => `${error.class} ×${error.count}`),
    ]),
  )
  const none: string[] = []
  expect(classes).toEqual({
    rest: none,
    grpc: none,
    websocket: none,
    mcp: none,
    unverified: none,
    stranger: ['http.401 ×3'],
  })
  expect(result.cases.find(({ target }) => target === 'grpc')!.summary).toMatchObject({
    connections: 3,
    resumed: 3,
  })
  expect(code).toBe(114)
  expect(stdout).toContain('TLS certificates were not verified: unverified')
  expect(stdout + stderr + JSON.stringify(result)).not.toContain(TOKEN)
})
