// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { expect, test } from 'vitest'
import { fill, fillPayload, fillTarget, scrub, secretsOf } from '../../src/scenario/environment.ts'
import { ScenarioError } from '../../src/scenario/problem.ts'
import { plan } from './scenario-file.ts'

test.each([
  ['plain', 'plain'],
  ['${env:A}', 'alpha'],
  ['${env:A}/${env:A}', 'alpha/alpha'],
  ['${env:NONE:-}', ''],
  ['${env:NONE:-http://x:1/y}', 'http://x:1/y'],
  ['${env:A:-other}', 'alpha'],
  ['$1 ${x} ${envA}', '$1 ${x} ${envA}'],
])('%s becomes %s', (text, filled) => {
  expect(fill(text, { A: 'alpha' })).toBe(filled)
})

test('what the environment gives is not looked at for templates', () => {
  expect(fill('${env:A}', { A: '${env:B} $& $1', B: 'b' })).toBe('${env:B} $& $1')
})

test('a variable that is not set here is told with its name', () => {
  expect(() => fill('${env:NONE}', {})).toThrow(ScenarioError)
  expect(() => fill('${env:NONE}', {})).toThrow('${env:NONE}: this variable is not set')
})

const SECRETS = `targets:
  bearer: { interface: rest, api: raw, url: "http://\${env:HOST}/x", auth: { bearer: "\${env:TOKEN}" } }
  basic: { interface: rest, api: raw, url: "http://h/x", auth: { basic: { username: me, password: "\${env:PASSWORD}" } } }
  key: { interface: rest, api: raw, url: "http://h/x", auth: { api_key: { header: X-Key, value: "\${env:TOKEN}" } } }
  header: { interface: rest, api: raw, url: "http://h/x", headers: { X-Trace: "id \${env:TRACE}" } }
cases:
  - { target: [bearer, basic, key, header], payload: { json: { user: ["\${env:WORD}"], n: 1 } } }
`
const ENV = { HOST: 'h.example', TOKEN: 's3cret/+"', PASSWORD: 'pass', TRACE: 'abc', WORD: 'wörter' }
const BASIC = Buffer.from('me:pass').toString('base64')

test('a plan holds no value of the environment, and a filled target holds all of them', async () => {
  const { cases, ...rest } = await plan(SECRETS, { env: ENV })
  const text = JSON.stringify({ cases, rest })
  for (const value of [...Object.values(ENV), BASIC]) expect(text).not.toContain(value)
  const filled = cases.map(({ target }) => fillTarget(target, ENV))
  expect(filled.map(({ url, headers }) => ({ url, headers }))).toEqual([
    { url: 'http://h.example/x', headers: { authorization: 'Bearer s3cret/+"' } },
    { url: 'http://h/x', headers: { authorization: `Basic ${BASIC}` } },
    { url: 'http://h/x', headers: { 'x-key': 's3cret/+"' } },
    { url: 'http://h/x', headers: { 'x-trace': 'id abc' } },
  ])
  expect(fillPayload(cases[0]!.payload, ENV)).toMatchObject({ json: { user: ['wörter'], n: 1 } })
})

test('every form of a secret is scrubbed, but nothing so short that messages would suffer', async () => {
  const made = await plan(SECRETS, { env: ENV })
  const secrets = secretsOf(made, ENV)
  const message = `a h.example b ${ENV.TOKEN} c ${encodeURIComponent(ENV.TOKEN)} d ${JSON.stringify(ENV.TOKEN)} e ${BASIC} f abc g pass`
  expect(scrub(message, secrets)).toBe('a *** b *** c *** d "***" e *** f abc g ***')
})

test('a secret within another leaves nothing of the longer one', async () => {
  const text = SECRETS.replace('${env:TRACE}', '${env:LONG}')
  const env = { ...ENV, LONG: `${ENV.PASSWORD}-and-more` }
  expect(scrub('pass-and-more', secretsOf(await plan(text, { env }), env))).toBe('***')
})
