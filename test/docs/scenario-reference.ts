// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text shows such templates.

import { describeScenario } from '../../src/scenario/json-schema.ts'
import type { JsonSchema } from '../../src/values/json-schema.ts'

const OPENING = `# Scenarios

<!-- Generated from src/scenario/schema.ts by \`npm run docs\`. -->

A scenario is a YAML file: which endpoints to measure, what to send them, and how often.

\`\`\`yaml
# yaml-language-server: $schema=../dist/scenario.schema.json
# What does one small inference cost over REST, and how does a token stream arrive?
name: quickstart
server: reference                      # start the bundled server; leave it out to test your own
targets:
  rest: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
  chat:
    interface: sse
    api: openai-chat
    url: "\${env:CHAT_URL:-http://127.0.0.1:8000}/v1/chat/completions"
    auth: { bearer: "\${env:CHAT_API_KEY}" }
defaults:
  load: { model: closed, concurrency: 8, duration: 5s, warmup: 1s }
  rounds: 5
cases:
  - { target: rest, payload: { size: 1KiB } }
  - target: chat
    payload: { prompt_tokens: 32, output_tokens: 64 }
    load: { model: constant, rate: 20/s, duration: 10s }
vary:                                  # touches the cases that have the key
  payload.size: [256B, 10KiB, 1MiB]
thresholds:
  rest: { request_latency: { p99: "< 50ms" }, error_rate: "< 0.1%" }
\`\`\`

\`infer-bench init\` writes a first one, \`infer-bench validate\` checks one and says what it would do, and the first
line lets editors with a YAML language server complete and check the keys (\`infer-bench schema\` prints that schema).
Unknown keys are errors. Files are named relative to the scenario.

## Units

| what | units | like |
|---|---|---|
| sizes | \`B\`, \`KB\` (1000), \`KiB\` (1024), \`MB\`, \`MiB\` | \`256B\`, \`10KiB\` |
| durations | \`us\`, \`ms\`, \`s\`, \`m\`, \`h\` | \`250ms\`, \`5s\` |
| rates | \`/s\`, \`/m\`, \`/h\` | \`200/s\`, \`10/m\` |
| shares | \`%\` | \`0.1%\` |

A number without its unit is refused; counts (calls, tokens, rounds, connections) have none.

## Templates

| template | stands for |
|---|---|
| \`\${env:NAME}\` | an environment variable; where it is not set or empty, the scenario is refused |
| \`\${env:NAME:-default}\` | the same, with a default; \`\${env:URL:-\${reference.http}}\` is one, too |
| \`\${reference.http}\`, \`\${reference.https}\`, \`\${reference.grpc}\`, \`\${reference.grpcs}\`, \`\${reference.ws}\`, \`\${reference.wss}\`, \`\${reference.mcp}\`, \`\${reference.mcps}\` | where the bundled server listens; in \`url\` |
| \`\${reference.ca}\` | the file to verify its certificate with; in \`tls.ca\` |
| \`\${reference.client_cert}\`, \`\${reference.client_key}\` | a client’s certificate and key; in \`tls.cert\` and \`tls.key\`. Where they are used, the server asks TLS clients for them |

Variables in a \`url\`, in headers, in credentials and in a payload’s \`text\` and \`json\` are filled in just before the
calls are made: results hold the template, never the value. All others are filled in when the scenario is read.

## How cases come about

A case takes what it does not say from \`defaults\`. Its \`load\` is laid over the default one key by key where the
model is the same; another model starts afresh and keeps only \`warmup\` and \`duration\` or \`calls\`. Its \`payload\` is
laid over the default one where both are of one kind.

A case with a list of targets becomes one case for each. \`vary\` then repeats every case that has the key, for each
value and each combination of values. A case is named after its target and what tells it from the target’s other
cases: \`rest 1KiB ×8\`.

## Searching for a rate

\`load: { model: search, below: 50ms }\` looks for the highest rate at which p99 of \`request_latency\` (or another
\`metric\`) stays at or below the limit, and then measures the case at that rate, round by round as any other. The
search doubles the rate until the objective no longer holds, then halves the distance between the highest rate that held
and the lowest that did not, until they are \`precision\` apart. It does not hold either where more than 1% of the calls
fail, or never end. One bad step of three does not count. What a step takes is \`warmup\` and \`duration\`: a server that is
a little too slow needs time to show it, so give it \`below\` divided by \`precision\` at least. The report names the rate,
every rate that was tried (the throughput-latency curve), and what keeps the rate from being higher: the server, or the
generator itself. \`vary\` over \`load.rate\` or \`load.concurrency\` makes such a curve at points of your own.

On the command line, \`--set defaults.load.duration=1s\` replaces a value before anything is checked (an item of a
list is named by its position, from 0: \`--set cases.0.rounds=1\`), and \`--only 1KiB\` runs the cases whose name
has this in it.`

interface Section {
  title: string
  schema: JsonSchema
}

/** The text of `docs/scenario.md`. */
export function scenarioReference(): string {
  const sections = sectionsOf({ title: 'scenario', schema: describeScenario() }, new Map())
  const texts = sections.map(({ title, schema }) =>
    [`### \`${title}\``, ...(schema.description ? [schema.description] : []), body(title, schema)].join(
      '\n\n',
    ),
  )
  return `${[OPENING, '## Keys', ...texts].join('\n\n')}\n`
}

/** This mapping and those within it, each once: `defaults` and `cases` share most of theirs. */
function sectionsOf(section: Section, known: Map<JsonSchema['properties'], string>): Section[] {
  const nested = Object.entries(section.schema.properties ?? {}).flatMap(([key, value]) => {
    const schema = mappingOf(value)
    if (!schema) return []
    const isKnown = [...known.keys()].some(
      (other) => JSON.stringify(other) === JSON.stringify(schema.properties),
    )
    if (isKnown || section.title === 'thresholds') return []
    known.set(schema.properties, key)
    const description = value.description ?? schema.description
    return sectionsOf({ title: key, schema: { ...schema, ...(description && { description }) } }, known)
  })
  return [section, ...nested]
}

/** The mapping that a key holds: itself, one for each name, one for each item, or what a short form stands for. */
function mappingOf(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties) return schema
  if (schema.items?.properties) return schema.items
  const { additionalProperties } = schema
  if (typeof additionalProperties === 'object' && additionalProperties.properties) return additionalProperties
  return schema.anyOf?.find(({ properties }) => properties)
}

function body(title: string, schema: JsonSchema): string {
  const properties = Object.entries(schema.properties ?? {})
  if (title === 'thresholds') return THRESHOLDS
  if (title === 'vary') return `Keys: ${properties.map(([key]) => `\`${key}\``).join(', ')}.`
  if (title === 'slo') {
    return `Keys, each with a duration that a call may take at most: ${properties.map(([key]) => `\`${key}\``).join(', ')}.`
  }
  const rows = properties.map(([key, value]) => {
    const required = schema.required?.includes(key) ? ', required' : ''
    const description = mappingOf(value) ? `see [\`${key}\`](#${key})` : (value.description ?? '')
    return `| \`${key}\` | ${valueOfKey(value)}${required} | ${description.replaceAll('|', '\\|')} |`
  })
  return ['| key | value | |', '|---|---|---|', ...rows].join('\n')
}

const THRESHOLDS = `The keys beneath a name are [metrics](metrics.md). A metric of durations takes a statistic and a comparison
(\`request_latency: { p99: "< 50ms" }\`), a metric of a round a comparison alone: shares in % (\`error_rate\`,
\`goodput\`), rates per unit of time (\`request_throughput: "> 100/s"\`), plain ratios (\`overhead_bytes: "< 0.5"\`), and means with
their unit (\`handshake_bytes: "< 4KB"\`, \`client_cpu_time: "< 1ms"\`).
Comparisons are \`<\`, \`<=\`, \`>\` and \`>=\`. A metric that was not measured passes no threshold.

\`"<= baseline + 5%"\` (or \`- 5%\`, or \`+ 2ms\`, or the baseline alone) holds it against the same case of \`run --baseline\`, or of the
other target where the scenario says \`compare\`: against one number each, so noise can break it, which a
[gate](comparing.md) tells from a change. \`{ limit: "< 500ms", abort_on_fail: true }\` ends the run with the first round after
which it does not hold.`

function valueOfKey(schema: JsonSchema): string {
  const { type, items, anyOf, minimum, maximum, additionalProperties } = schema
  if (schema.enum)
    return schema.enum
      .filter((name) => typeof name === 'string')
      .map(code)
      .join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.pattern !== undefined && schema.examples) return `like ${schema.examples.map(code).join(', ')}`
  if (anyOf) return anyOf.map(valueOfKey).join(' or ')
  if (type === 'array' && items?.type === 'integer') return 'list of whole numbers'
  if (type === 'array')
    return items?.properties ? 'list of mappings' : `list of ${items ? valueOfKey(items) : 'values'}s`
  if (type === 'integer') return `${minimum} to ${maximum?.toLocaleString('en-US')}`
  if (type === 'boolean') return '`true`, `false`'
  if (type === 'object') return typeof additionalProperties === 'object' ? 'mapping by name' : 'mapping'
  return type === undefined ? 'anything' : 'text'
}

function code(value: unknown): string {
  return `\`${String(value)}\``
}
