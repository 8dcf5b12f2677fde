/**
 * Checks every template of a scenario's tree and fills in what may be filled in now. Free texts keep theirs:
 * the agent fills them in just before it opens connections, so that a plan never holds a secret.
 */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.

import { suggest } from '../values/suggestion.ts'
import type { Problem } from './problem.ts'
import type { Path, Source } from './source.ts'
import {
  type Environment,
  fillVariables,
  REFERENCE_NAMES,
  referencesOf,
  variablesOf,
  variableValue,
  withoutTemplates,
} from './template.ts'

/** Keys of `tls` that name files; those of the reference server are there once it has started. */
const TLS_FILES = ['ca', 'cert', 'key'] as const

/** What a text may hold, by where it stands. */
type Place = 'address' | 'credential' | 'payload' | 'file' | 'value'

interface FilledTree {
  tree: unknown
  problems: Problem[]
  /** Paths, as JSON, of values that could not be filled in: whatever else is wrong with them does not matter. */
  unfilled: Set<string>
  /** What was filled in, which no message may tell. */
  settings: Setting[]
}

/** A template, and the value that the environment gave to it. */
export interface Setting {
  text: string
  value: string
}

/** No text of a URL, a header or a message can hold it, whatever encodes it. */
const HALF_A_CHARACTER: Fault = {
  message: 'this text holds half a character (a lone surrogate)',
  cure: 'Remove the escape that makes it, such as "\\ud800".',
}

function exposed(name: string): Fault {
  return {
    message: `the environment variable ${name} is a credential, and would stand here in every result`,
    cure: 'Use another variable.',
  }
}

export function fillTree(tree: unknown, source: Source, env: Environment): FilledTree {
  const problems: Problem[] = []
  const unfilled = new Set<string>()
  const settings: Setting[] = []
  const credentials = credentialsIn(tree)
  const refuse = (path: Path, { message, cure }: Fault, at?: 'key') => {
    problems.push(source.problem(path, message, cure, at))
    unfilled.add(JSON.stringify(path))
  }
  const visit = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]))
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => {
          if (!name.isWellFormed()) refuse([...path, name], HALF_A_CHARACTER, 'key')
          return [name, visit(item, [...path, name])]
        }),
      )
    }
    if (typeof value !== 'string') return value
    if (!value.isWellFormed()) refuse(path, HALF_A_CHARACTER)
    if (!value.includes('${')) return value
    const place = placeOf(path)
    const faults = faultsOf(value, place, env)
    if (place === 'value' || place === 'file') {
      for (const { name, text } of variablesOf(value)) {
        if (credentials.has(name)) faults.push(exposed(name))
        else if (env[name]) settings.push({ text, value: env[name] })
      }
    }
    for (const fault of faults) refuse(path, fault)
    return faults.length > 0 || (place !== 'value' && place !== 'file') ? value : filled(value, env)
  }
  return { tree: visit(tree, []), problems, unfilled, settings }
}

function placeOf(path: Path): Place {
  const [first, second, third, fourth] = path
  if (first === 'targets') {
    return third === 'tls' && (TLS_FILES as readonly unknown[]).includes(fourth)
      ? 'file'
      : placeInTarget(third)
  }
  if (first === 'servers') return third === 'command' || third === 'env' ? 'payload' : 'value'
  if (first === 'vary') {
    if (second === 'payload.text' || second === 'payload.json') return 'payload'
    return placeInTarget(String(second).replace(/^target\./, ''))
  }
  const key = first === 'defaults' ? [second, third] : first === 'cases' ? [third, fourth] : []
  return key[0] === 'payload' && (key[1] === 'text' || key[1] === 'json') ? 'payload' : 'value'
}

function placeInTarget(key: unknown): Place {
  if (key === 'url') return 'address'
  if (key === 'headers' || key === 'auth' || key === 'subprotocols') return 'credential'
  return key === 'command' || key === 'env' ? 'payload' : 'value'
}

/** Variables that prove who calls, or that a command is given: filled in elsewhere, their values would be part of every result. */
function credentialsIn(tree: unknown): Set<string> {
  const names = new Set<string>()
  const visit = (value: unknown, path: Path): void => {
    if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) visit(item, [...path, key])
    } else if (typeof value === 'string' && (placeOf(path) === 'credential' || placeOf(path) === 'payload')) {
      for (const { name } of variablesOf(value)) names.add(name)
    }
  }
  const { targets, servers } = (tree ?? {}) as { targets?: unknown; servers?: unknown }
  visit(targets, ['targets'])
  visit(servers, ['servers'])
  return names
}

interface Fault {
  message: string
  cure: string
}

function faultsOf(text: string, place: Place, env: Environment): Fault[] {
  const faults: Fault[] = []
  for (const variable of variablesOf(text)) {
    const { name } = variable
    const value = variableValue(variable, env)
    if (value === undefined) {
      faults.push({
        message: `the environment variable ${name} is ${env[name] === undefined ? 'not set' : 'empty'}`,
        cure: `Set it, or give a default: \${env:${name}:-default}.`,
      })
    } else if (place === 'credential' && /[\r\n\0]/.test(value)) {
      faults.push({
        message: `the environment variable ${name} holds a line break`,
        cure: 'A header cannot carry one: set the variable without it.',
      })
    }
  }
  for (const name of referencesOf(text)) {
    const known = REFERENCE_NAMES.map((candidate) => `reference.${candidate}`)
    if (!REFERENCE_NAMES.includes(name)) {
      faults.push({
        message: `there is no \${reference.${name.slice(0, 32)}}`,
        cure: suggest(`reference.${name}`, known, 'templates'),
      })
    } else if (place !== 'address' && place !== 'file') {
      faults.push({
        message: `\${reference.${name}} cannot stand here`,
        cure: 'It is for the `url` of a target, and for the files of its `tls`.',
      })
    }
  }
  const rest = withoutTemplates(text)
  // A prompt may well have a dollar and a brace in it; only what looks like one of ours is a mistake there.
  if (place === 'payload' ? /\$\{(env|reference)\b/.test(rest) : rest.includes('${')) {
    faults.push({
      message: 'this template is not understood',
      cure: 'The templates are ${env:NAME}, ${env:NAME:-default}, ${reference.http}, ${reference.https}, ${reference.grpc}, ${reference.grpcs}, ${reference.ws}, ${reference.wss}, ${reference.mcp}, ${reference.mcps}, ${reference.ca}, ${reference.client_cert} and ${reference.client_key}.',
    })
  }
  return faults
}

/** A value that is one template alone becomes what YAML would have read in its place: a number, a truth or a text. */
function filled(text: string, env: Environment): string | number | boolean {
  const value = fillVariables(text, env, ({ text: whole }) => whole)
  if (variablesOf(text)[0]?.text !== text) return value
  if (/^[+-]?\d+(\.\d+)?$/.test(value)) return Number(value)
  if (value === 'true' || value === 'false') return value === 'true'
  return value
}
