/**
 * Fills the `${env:NAME}` templates of a plan from the environment of the machine that opens the connections,
 * just before it does. Nothing that is filled in here may be written anywhere: `scrub` sees to messages.
 */

import { Buffer } from 'node:buffer'
import type { Payload, Plan, Target, Token } from '../plan/plan.ts'
import { ScenarioError } from './problem.ts'
import { type Environment, fillVariables, variablesOf } from './template.ts'

// Basic credentials are encoded after they are filled in, so the plan says that they have to be. One stands at the end
// of a header, whatever braces the credentials have.
const BASE64 = /\$\{base64:(.*)\}/s

/** A header value that is encoded in base64 once its templates are filled in. */
export function base64Template(text: string): string {
  return `\${base64:${text}}`
}

/** @throws ScenarioError for a variable that is not set on this machine and has no default. */
export function fill(text: string, env: Environment): string {
  return fillVariables(text, env, (variable) => {
    throw new ScenarioError([
      {
        source: variable.text,
        place: null,
        message: 'this variable is not set on the machine that runs the load',
        cure: `Set ${variable.name} there, or give a default: \${env:${variable.name}:-default}.`,
      },
    ])
  })
}

/** The target that a driver gets. @throws ScenarioError as `fill` does. */
export function fillTarget(target: Target, env: Environment): Target {
  const headers = Object.entries(target.headers).map(([name, value]) => [name, fillHeader(value, env)])
  const { token } = target
  return {
    ...target,
    url: fill(target.url, env),
    headers: Object.fromEntries(headers),
    options: mapTexts(target.options, (text) => fill(text, env)) as Target['options'],
    ...(token && {
      token: { ...token, source: mapTexts(token.source, (text) => fill(text, env)) as Token['source'] },
    }),
  }
}

function fillHeader(value: string, env: Environment): string {
  const encoded = value.replace(BASE64, (_, inner: string) =>
    Buffer.from(fill(inner, env)).toString('base64'),
  )
  return fill(encoded, env)
}

/** The payload that a dialect gets. @throws ScenarioError as `fill` does. */
export function fillPayload(payload: Payload, env: Environment): Payload {
  if (payload.form === 'text') return { ...payload, text: fill(payload.text, env) }
  if (payload.form === 'json') return { ...payload, json: mapTexts(payload.json, (text) => fill(text, env)) }
  return payload
}

/** Taking shorter values out of a message would leave nothing to read. */
const SHORTEST_SECRET = 4

/**
 * Every value that the environment gives to a plan, in each form that it may be printed in, the longest first.
 * Values of fewer than 4 characters are left out.
 */
export function secretsOf(plan: Plan, env: Environment): string[] {
  const secrets = new Set<string>()
  const add = (text: string) => {
    if (isTelling(text)) secrets.add(text)
  }
  const collect = (text: string) => {
    for (const { name } of variablesOf(text)) {
      for (const form of formsOf(env[name] ?? '')) add(form)
    }
    const encoded = BASE64.exec(text)
    if (encoded) {
      const [whole, inner] = encoded
      if (variablesOf(inner!).every(({ name, default: other }) => env[name] || other !== undefined)) {
        add(fillHeader(whole, env))
      }
    }
  }
  const collectAll = (value: unknown) => {
    mapTexts(value, (text) => {
      collect(text)
      return text
    })
  }
  for (const { target, payload } of plan.cases) {
    collect(target.url)
    for (const value of Object.values(target.headers)) collect(value)
    collectAll(target.options)
    if (target.token) collectAll(target.token.source)
    if (payload.form === 'text') collect(payload.text)
    if (payload.form === 'json') collectAll(payload.json)
  }
  return longestFirst(secrets)
}

/** The forms in which a secret that is only had during the run may be printed. */
export function formsOfSecret(value: string): string[] {
  return formsOf(value).filter(isTelling)
}

/** In the order in which `scrub` wants them. */
export function longestFirst(secrets: Iterable<string>): string[] {
  return [...secrets].sort((a, b) => b.length - a.length)
}

function isTelling(secret: string): boolean {
  return secret.length >= SHORTEST_SECRET
}

/** As it stands, in a URL by each way of writing it there, and in JSON, also where that is quoted in JSON again. */
function formsOf(value: string): string[] {
  const inJson = JSON.stringify(value).slice(1, -1)
  const inQuery = new URL(`http://host/?${value.replaceAll('#', '%23')}`).search.slice(1)
  return [
    value,
    encodeURIComponent(value.toWellFormed()),
    inQuery,
    new URLSearchParams({ x: value }).toString().slice(2),
    inJson,
    JSON.stringify(inJson).slice(1, -1),
  ]
}

/**
 * The text with every secret in it replaced, also one whose rest was cut off with the end of the text. `secrets` as
 * `secretsOf` gives them.
 */
export function scrub(text: string, secrets: readonly string[]): string {
  let scrubbed = text
  for (const secret of secrets) scrubbed = withoutBeginning(scrubbed.replaceAll(secret, MASK), secret)
  return scrubbed
}

const MASK = '***'

function withoutBeginning(text: string, secret: string): string {
  const longest = Math.min(secret.length - 1, text.length)
  for (let length = longest; length >= SHORTEST_SECRET; length--) {
    if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${MASK}`
  }
  return text
}

/** A copy of a JSON value with each of its texts (keys left as they are) replaced. */
function mapTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, replace))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, replace)]))
}
