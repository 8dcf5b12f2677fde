/**
 * What tells a case from its siblings: the keys in which they differ become its labels, and the labels its name.
 * A name holds no more than it takes, because it stands in the first column of every table.
 */

import { basename } from 'node:path'
import { dialect } from '../dialects/registry.ts'
import { DEFAULT_DATATYPE, DEFAULT_TENSOR } from '../dialects/tensors.ts'
import { protocol } from '../drivers/registry.ts'
import { TRACEPARENT, traceparentText } from '../drivers/trace.ts'
import { formatDuration, formatRate, formatSize } from '../values/units.ts'
import type { Case, Load, Payload, Target, Timeouts } from './plan.ts'

interface Facet {
  /** The scenario's key. */
  key: string
  label: string | number
  /** Its part of a name; empty where the label says nothing that another one does not. */
  text: string
}

/** The name in the scenario, or none. */
export interface Nameless {
  givenName: string | null
  target: Target
  payload: Payload
  load: Load
  timeouts: Timeouts
  retryAfter: Case['retryAfter']
  reader: Case['reader']
  varied: readonly string[]
}

export interface Identity {
  name: string
  labels: Record<string, string | number>
}

/** One identity for each case, in order. Names are as unique as labels can make them. */
export function identify(cases: readonly Nameless[]): Identity[] {
  const groups = Map.groupBy(cases.keys(), (index) => {
    const { givenName, target } = cases[index]!
    // A case may be given the name of a target, and is no sibling of that target's cases for it.
    return JSON.stringify([givenName, givenName === null ? target.name : null])
  })
  const identities: Identity[] = []
  for (const indices of groups.values()) {
    const siblings = indices.map((index) => cases[index]!)
    for (const [position, identity] of identifySiblings(siblings).entries()) {
      identities[indices[position]!] = identity
    }
  }
  return identities
}

function identifySiblings(siblings: readonly Nameless[]): Identity[] {
  const primary = siblings.map(primaryFacets)
  const secondary = siblings.map(secondaryFacets)
  const differing = keysThatDiffer(primary)
  const names = () =>
    siblings.map(({ givenName, target }, index) => {
      const facets = [...primary[index]!, ...secondary[index]!].filter(({ key }) => differing.has(key))
      return [givenName ?? target.name, ...facets.map(({ text }) => text)]
        .filter((part) => part !== '')
        .join(' ')
    })
  // Lengths of time and the like are named only where nothing else tells the cases apart, or where they vary.
  const variedKeys = new Set(siblings.flatMap(({ varied }) => varied))
  const reserve = [...keysThatDiffer(secondary)].sort(
    (a, b) => Number(variedKeys.has(b)) - Number(variedKeys.has(a)),
  )
  for (const key of reserve) {
    if (variedKeys.has(key) || new Set(names()).size < siblings.length) differing.add(key)
  }
  return names().map((name, index) => {
    const labelled = new Set([...differing, ...siblings[index]!.varied])
    const facets = [...primary[index]!, ...secondary[index]!].filter(({ key }) => labelled.has(key))
    return { name, labels: Object.fromEntries(facets.map(({ key, label }) => [key, label])) }
  })
}

/** All that can be said of a case, by the scenario's keys, as labels would have it. */
export function facetsOf(one: Case): Map<string, string> {
  const { retryAfter, reader } = one
  const nameless: Nameless = { ...one, givenName: null, retryAfter, reader, varied: [] }
  const facets = [...primaryFacets(nameless), ...secondaryFacets(nameless)]
  return new Map(facets.map(({ key, label }) => [key, String(label)]))
}

function keysThatDiffer(facets: readonly (readonly Facet[])[]): Set<string> {
  const keys = new Set(facets.flatMap((own) => own.map(({ key }) => key)))
  return new Set(
    [...keys].filter((key) => {
      const labels = facets.map((own) => own.find((facet) => facet.key === key)?.label)
      return new Set(labels).size > 1
    }),
  )
}

function primaryFacets({ givenName, target, payload, load, retryAfter, reader }: Nameless): Facet[] {
  const facets: Facet[] = []
  const add = (key: string, label: string | number, text = String(label)) => facets.push({ key, label, text })
  add('target', target.name, givenName === null ? '' : target.name)
  if (target.model !== null) add('target.model', target.model)
  switch (payload.form) {
    case 'size':
      add('payload.size', formatSize(payload.byteCount))
      break
    case 'tokens':
      add('payload.prompt_tokens', payload.promptTokens, `prompt ${payload.promptTokens}`)
      add('payload.output_tokens', payload.outputTokens, `${payload.outputTokens} tokens`)
      break
    case 'text':
      add('payload.text', shortened(payload.text), `"${shortened(payload.text)}"`)
      add('payload.output_tokens', payload.outputTokens, `${payload.outputTokens} tokens`)
      break
    case 'file':
      add('payload.file', basename(payload.path))
      break
  }
  const isPrompt = payload.form === 'tokens' || payload.form === 'text'
  const { promptKeys = [], tensors } = dialect(target.api)
  if (payload.form === 'size' && tensors) {
    const { shape, datatype = DEFAULT_DATATYPE, tensor = DEFAULT_TENSOR } = payload
    if (shape) add('payload.shape', shape.join('×'))
    add('payload.datatype', datatype)
    add('payload.tensor', tensor)
  }
  if (payload.form === 'size' || (isPrompt && promptKeys.includes('encoding')))
    add('payload.encoding', payload.encoding)
  if (payload.form === 'size' || (isPrompt && promptKeys.includes('batch')))
    add('payload.batch', payload.batch, `batch ${payload.batch}`)
  const { messages, messageIntervalMs } = payload
  if (messages !== undefined)
    add('payload.messages', messages, messages === 1 ? `1 message` : `${messages} messages`)
  if (messageIntervalMs !== undefined) {
    const interval = formatDuration(messageIntervalMs)
    add('payload.message_interval', interval, `every ${interval}`)
  }
  const { optionText } = protocol(target.interface)
  for (const [key, value] of Object.entries(target.options)) {
    // A mapping of the user's own names may have a `toString` in it.
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
    const told = isMapping ? JSON.stringify(value) : String(value)
    const text = key === TRACEPARENT ? traceparentText(value) : optionText(key, value)
    add(`target.${key}`, typeof value === 'number' ? value : told, text)
  }
  add('target.connection', target.connection)
  if (target.family !== undefined) add('target.family', target.family, `IPv${target.family}`)
  const isModelTold = load.model === 'poisson' || load.model === 'ramp' || load.model === 'search'
  add('load.model', load.model, isModelTold ? load.model : '')
  if (load.model === 'closed') add('load.concurrency', load.concurrency, `×${load.concurrency}`)
  if (load.model === 'idle') {
    add('load.sessions', load.sessions, `${load.sessions} idle session${load.sessions === 1 ? '' : 's'}`)
  }
  if (load.model === 'constant' || load.model === 'poisson') add('load.rate', formatRate(load.ratePerSecond))
  if (load.model === 'search') {
    const { metric, statistic, below } = load.objective
    add('load.metric', `${metric}.${statistic}`)
    add('load.below', formatDuration(below), `below ${formatDuration(below)}`)
  }
  if (load.model === 'ramp') {
    const rates = [load.startRatePerSecond, ...load.stages.map(({ ratePerSecond }) => ratePerSecond)]
    add('load.stages', `to ${formatRate(Math.max(...rates))}`)
  }
  if (reader) {
    const pause = formatDuration(reader.pauseMs)
    add('reader', `${pause} every ${reader.every}`, `pausing ${pause}/${reader.every}`)
  }
  add('retry_after', retryAfter ?? 'ignore', retryAfter ? 'waits when told' : 'never waits')
  return facets
}

function secondaryFacets({ load, timeouts }: Nameless): Facet[] {
  const facets: Facet[] = []
  const add = (key: string, label: string | number | null, text = String(label)) => {
    if (label !== null) facets.push({ key, label, text })
  }
  if (load.model === 'idle') {
    add('load.concurrency', load.concurrency, `${load.concurrency} handshakes at once`)
  }
  add('load.calls', load.calls, load.calls === 1 ? '1 call' : `${load.calls} calls`)
  add('load.duration', load.durationMs === null ? null : formatDuration(load.durationMs))
  add('load.warmup', formatDuration(load.warmupMs), `warmup ${formatDuration(load.warmupMs)}`)
  add(
    'load.connections',
    load.connections,
    load.connections === 1 ? '1 connection' : `${load.connections} connections`,
  )
  add('load.overflow', load.overflow)
  for (const [key, durationMs] of [
    ['connect', timeouts.connectMs],
    ['first_byte', timeouts.firstByteMs],
    ['idle', timeouts.idleMs],
    ['total', timeouts.totalMs],
  ] as const) {
    if (durationMs !== null) {
      add(
        `timeout.${key}`,
        formatDuration(durationMs),
        `${key.replace('_', ' ')} ${formatDuration(durationMs)}`,
      )
    }
  }
  return facets
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 24 ? `${line.slice(0, 23).trimEnd()}…` : line
}
