// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** What a scenario takes from the environment reaches the server, and nothing else: no table, no log, no result. */

import { readFile } from 'node:fs/promises'
import type http from 'node:http'
import { join } from 'node:path'
import { afterAll, expect, test as serial } from 'vitest'
import { SAMPLE_BYTES } from '../../src/drivers/http/outcome.ts'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'
import { cli, type Ended } from './cli.ts'
import { folderWith } from './folder.ts'

const test = serial.concurrent

const servers: PlainServer[] = []

afterAll(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

interface Seen {
  url: string
  headers: http.IncomingHttpHeaders
  body: string
}

/** Answers 500 and tells all that it was told, with so many characters before it. */
async function startIndiscreet(paddingLength = 0): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = await startPlain((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers, body })
      const { host: _, ...headers } = request.headers
      const told = [request.url, body, JSON.stringify(body), JSON.stringify(headers)].join(' ')
      response.writeHead(500).end('-'.repeat(paddingLength) + told)
    })
  })
  servers.push(server)
  return { url: server.url, seen }
}

async function run(yaml: string, env: Record<string, string>, ...args: string[]) {
  const folder = await folderWith({ 'scenario.yaml': yaml })
  const line = ['run', 'scenario.yaml', '--out', 'result.json', '--report', 'table,markdown,json', ...args]
  const ended = await cli(line, { cwd: folder, env })
  const stored = await readFile(join(folder, 'result.json'), 'utf8').catch(() => '')
  return { ...ended, stored }
}

/** Part of a secret is a secret, too; fewer characters than these could be anything. */
const TELLING_LENGTH = 6

function expectNothingOf(secret: string, { stdout, stderr, stored }: Ended & { stored: string }): void {
  const told = stdout + stderr + stored
  for (let start = 0; start + TELLING_LENGTH <= secret.length; start++) {
    const part = secret.slice(start, start + TELLING_LENGTH)
    expect(told.includes(part), `${part} of ${secret} is told`).toBe(false)
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

interface Placed {
  /** What follows the URL in the target's mapping. */
  target?: string
  query?: string
  payload?: string
  received(seen: Seen): string | undefined
}

const PLACES: Record<string, Placed> = {
  bearer: {
    target: 'auth: { bearer: "${env:SECRET}" }',
    received: ({ headers }) => headers.authorization?.replace('Bearer ', ''),
  },
  'api-key': {
    target: 'auth: { api_key: { header: x-key, value: "${env:SECRET}" } }',
    received: ({ headers }) => headers['x-key'] as string,
  },
  password: {
    target: 'auth: { basic: { username: somebody, password: "${env:SECRET}" } }',
    received: ({ headers }) =>
      Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64')
        .toString()
        .replace('somebody:', ''),
  },
  cookie: {
    target: 'auth: { cookie: "session=${env:SECRET}" }',
    received: ({ headers }) => headers.cookie?.replace('session=', ''),
  },
  'token-in-query': {
    target: 'auth: { bearer: "${env:SECRET}", in: query, as: key }',
    received: ({ url }) => new URL(url, 'http://host').searchParams.get('key') ?? '',
  },
  header: {
    target: 'headers: { cookie: "session=${env:SECRET}; path=/" }',
    received: ({ headers }) => /session=(.*);/.exec(headers.cookie ?? '')?.[1],
  },
  query: {
    query: 'path?key=${env:SECRET}&more=1',
    received: ({ url }) => decodeURIComponent(/key=(.*)&more=1$/.exec(url)?.[1] ?? ''),
  },
  text: {
    payload: '{ text: "say ${env:SECRET} aloud" }',
    received: ({ body }) => /^say (.*) aloud$/s.exec(body)?.[1],
  },
  json: {
    payload: '{ json: { deep: [{ key: "${env:SECRET}" }] } }',
    received: ({ body }) => (JSON.parse(body) as { deep: { key: string }[] }).deep[0]!.key,
  },
}

interface Told {
  place: keyof typeof PLACES
  secret: string
  /** Characters that the server says before it tells. */
  padding?: number
}

/** One run that holds all the secrets, each in a target and a variable of its own. */
async function tell(tellings: Record<string, Told>) {
  const targets: string[] = []
  const cases: string[] = []
  const env: Record<string, string> = {}
  const seen: Record<string, Seen[]> = {}
  for (const [name, { place, secret, padding }] of Object.entries(tellings)) {
    const variable = `SECRET_${name.replaceAll('-', '_').toUpperCase()}`
    const indiscreet = await startIndiscreet(padding)
    const { target = '', query = '', payload } = PLACES[place]!
    const own = (text: string) => text.replace('env:SECRET', `env:${variable}`)
    env[variable] = secret
    seen[name] = indiscreet.seen
    const url = `${indiscreet.url}${own(query)}`
    targets.push(`  ${name}: { interface: rest, api: raw, url: "${url}"${target && `, ${own(target)}`} }`)
    cases.push(`  - { target: ${name}${payload ? `, payload: ${own(payload)}` : ''} }`)
  }
  const defaults = '{ rounds: 1, load: { concurrency: 1, calls: 2, warmup: 0s }, timeout: { total: 5s } }'
  const yaml = `targets:\n${targets.join('\n')}\ndefaults: ${defaults}\ncases:\n${cases.join('\n')}\n`
  const ended = await run(yaml, env)
  for (const [name, { place, secret }] of Object.entries(tellings)) {
    expect(PLACES[place]!.received(seen[name]![0]!), name).toBe(secret)
  }
  return ended
}

test('a secret is received wherever the scenario puts it, and kept', async () => {
  const tellings = Object.fromEntries(
    Object.keys(PLACES).map((place, index) => [place, { place, secret: `c4n4ry${index}Q7xZw9Kp2${index}` }]),
  )
  const ended = await tell(tellings)
  const { cases } = JSON.parse(ended.stored) as { cases: { errors: { class: string; sample: string }[] }[] }
  expect(cases).toHaveLength(Object.keys(PLACES).length)
  // The server did tell each of them, so there was something to take out.
  for (const { errors } of cases) expect(errors).toMatchObject([{ class: 'http.500' }])
  for (const { errors } of cases) expect(errors[0]!.sample).toContain('***')
  for (const { secret } of Object.values(tellings)) expectNothingOf(secret, ended)
  expectNothingOf(base64(`somebody:${tellings.password!.secret}`), ended)
})

test('a secret that URLs and JSON write in another way', async () => {
  const ended = await tell({
    url: { place: 'query', secret: 'uV9 "x2"/+=<Zq7>\'é|w8L' },
    token: { place: 'token-in-query', secret: 'kV9 "x2"/+=<Zq7>&\'é|w8L' },
    json: { place: 'json', secret: 'jV9"x2"\\Zq7\tw8L\nm4' },
    text: { place: 'text', secret: 'tV9"x2"\\Zq7\\\\w8L' },
  })
  for (const part of ['uV9', 'kV9', 'jV9', 'tV9', 'x2', 'Zq7', 'w8L']) {
    expect((ended.stdout + ended.stderr + ended.stored).includes(part), part).toBe(false)
  }
})

test('a secret that the end of a kept message cuts in two', async () => {
  const secret = 'c4n4ryQ7xZw9Kp2'
  const before = '/ say '.length
  const cutAfter = (shown: number): Told => ({
    place: 'text',
    secret,
    padding: SAMPLE_BYTES - before - shown,
  })
  const ended = await tell({ four: cutAfter(4), half: cutAfter(8), nearly: cutAfter(secret.length - 1) })
  expect(ended.stored).toContain(' say ***')
  expect((ended.stdout + ended.stderr + ended.stored).includes(secret.slice(0, 4))).toBe(false)
})

test('a secret in the URL of a target that cannot be reached', async () => {
  const secret = 'c4n4ryQ7xZw9Kp2'
  const { url, stop } = await startPlain(() => {})
  await stop()
  const yaml = `targets: { mine: { interface: rest, api: raw, url: "${url}\${env:SECRET}" } }\n`
  const ended = await run(yaml, { SECRET: secret })
  expect(ended.stderr).toContain('${env:SECRET}')
  expect(ended.code).toBe(114)
  expectNothingOf(secret, ended)
})

test('a secret that makes a URL which is none', async () => {
  const secret = 'c4n4ryQ7xZw9Kp2'
  const yaml = 'targets: { mine: { interface: rest, api: raw, url: "${env:SECRET}/v1" } }\n'
  const ended = await run(yaml, { SECRET: `ht!tp://${secret}` })
  expect(ended.code).toBe(104)
  expectNothingOf(secret, ended)
})
