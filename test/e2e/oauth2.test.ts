// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** Tokens from a token endpoint, through a whole run: had before it, renewed within it, told nowhere. */

import { afterAll, expect, test as serial } from 'vitest'
import { startPlain } from '../servers/plain-http.ts'
import { startTokenEndpoint } from '../servers/token-endpoint.ts'
import { runScenario, start } from './cli.ts'
import { folderWith } from './folder.ts'

const test = serial.concurrent

const stops: (() => Promise<void>)[] = []

afterAll(async () => {
  for (const stop of stops) await stop()
})

const ENV = { CLIENT_SECRET: 'c4n4ryQ7xZw9Kp2' }

function scenario(url: string, tokenUrl: string, more: string): string {
  const client = 'client_id: me, client_secret: "${env:CLIENT_SECRET}", scope: infer'
  const auth = `auth: { oauth2: { token_url: "${tokenUrl}", ${client} } }`
  return `targets: { mine: { interface: rest, api: raw, url: "${url}", ${auth} } }\n${more}\n`
}

/** Answers 401, and tells all that it was sent, where the token is not valid at this moment. */
async function startGuarded(isValid: (token: string) => boolean) {
  const used = new Map<string, number>()
  const server = await startPlain((request, response) => {
    request.resume()
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    used.set(token, (used.get(token) ?? 0) + 1)
    if (isValid(token)) response.end('ok')
    else response.writeHead(401).end(`no: ${token}`)
  })
  stops.push(server.stop)
  return { url: server.url, used }
}

test('a token that lives for less than the run is renewed within it, and no call fails', async () => {
  const endpoint = await startTokenEndpoint((_response, nth, grant) => {
    // The one before stays valid for calls that are under way, and no longer.
    endpoint.valid.delete(`v3ryS3cret-${nth - 2}`)
    grant(`v3ryS3cret-${nth}`, { expires_in: 0.8 })
  })
  stops.push(endpoint.stop)
  const { url, used } = await startGuarded((token) => endpoint.valid.has(token))
  const load = 'defaults: { rounds: 2, load: { concurrency: 2, duration: 1s, warmup: 0s } }'
  const { code, result, stdout, stderr } = await runScenario(scenario(url, endpoint.url, load), [], ENV)
  expect({ code, errors: result.cases[0]!.errors }).toEqual({ code: 0, errors: [] })
  expect(endpoint.requests.length).toBeGreaterThanOrEqual(3)
  expect(used.size).toBeGreaterThanOrEqual(2)
  const told = stdout + stderr + JSON.stringify(result)
  expect(told).not.toContain('v3ryS3cret')
  expect(told).not.toContain(ENV.CLIENT_SECRET)
  expect(told).toContain('${env:CLIENT_SECRET}')
})

test('a token that expires and cannot be renewed: 401 from then on, the renewal told, nothing of the token', async () => {
  const endpoint = await startTokenEndpoint((response, nth, grant) => {
    if (nth === 0) grant('v3ryS3cretToken', { expires_in: 0.5 })
    else response.writeHead(503).end()
  })
  stops.push(endpoint.stop)
  let calls = 0
  const { url } = await startGuarded(() => calls++ < 20)
  const load = 'defaults: { rounds: 1, load: { concurrency: 1, duration: 1s, warmup: 0s } }'
  const ended = await runScenario(scenario(url, endpoint.url, load), [], ENV)
  const [measured] = ended.result.cases
  const classes = measured!.errors.map((error) => error.class).sort()
  expect(classes).toEqual(['auth.token', 'http.401'])
  expect(measured!.errors.find((error) => error.class === 'http.401')!.sample).toBe('no: ***')
  expect(measured!.summary.calls).toBeGreaterThan(measured!.summary.errors)
  expect(ended.stdout + ended.stderr + JSON.stringify(ended.result)).not.toContain('v3ryS3cret')
})

test('no token, no load: told before it, with what to do', async () => {
  const endpoint = await startTokenEndpoint((response) => {
    const body = { error: 'invalid_client', error_description: `not with ${ENV.CLIENT_SECRET}` }
    response.writeHead(401).end(JSON.stringify(body))
  })
  stops.push(endpoint.stop)
  const { url, used } = await startGuarded(() => true)
  const folder = await folderWith({ 's.yaml': scenario(url, endpoint.url, '') })
  const { code, stderr } = await start(['run', 's.yaml'], { cwd: folder, env: ENV }).ended
  expect(code).toBe(114)
  expect(stderr).toContain(`target mine has no token from ${endpoint.url}: auth.token: `)
  expect(stderr).toContain('answers 401: invalid_client: not with ***')
  expect(stderr).toContain('Check auth.oauth2')
  expect(used.size).toBe(0)
})

test('Ctrl-C while a token is waited for ends the run', async () => {
  let asked = () => {}
  const waiting = new Promise<void>((resolve) => {
    asked = resolve
  })
  const endpoint = await startTokenEndpoint(() => asked())
  stops.push(endpoint.stop)
  const folder = await folderWith({ 's.yaml': scenario('http://127.0.0.1:1/', endpoint.url, '') })
  const running = start(['run', 's.yaml'], { cwd: folder, env: ENV })
  await waiting
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
})
