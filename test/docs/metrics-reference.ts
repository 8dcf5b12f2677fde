import {
  CALL_METRICS,
  CHUNK_METRICS,
  CONNECTION_METRICS,
  GENERATOR_METRICS,
  HANDSHAKE_METRICS,
  type Metric,
  PERCENTILES,
  REFUSAL_METRICS,
  ROUND_METRICS,
  STATISTICS,
} from '../../src/record/metrics.ts'

const OPENING = `# Metrics

<!-- Generated from src/record/metrics.ts by \`npm run docs\`. -->

A call is stamped as it goes: \`planned\` (its schedule; in a closed loop, the moment its slot fell free),
\`taken\` (the load thread turned to it), \`sent\` (a connection had room; before encoding), \`encoded\`,
\`written\` (handed to the socket in full), \`firstByte\`, \`received\` and \`decoded\` for each chunk,
\`lastByte\`, \`end\` (after decoding). Metrics are the times between them. What an interface cannot show is
absent, with its reason, and never 0.`

const SECTIONS: readonly { title: string; about: string; metrics: readonly Metric[] }[] = [
  {
    title: 'Of a call',
    about: 'One value for each call that succeeded. Durations in milliseconds.',
    metrics: CALL_METRICS,
  },
  {
    title: 'Of a stream’s chunks',
    about: 'One value for each chunk, or for each gap between two, in milliseconds.',
    metrics: CHUNK_METRICS,
  },
  {
    title: 'Of a handshake',
    about: 'One value for each connection opened, in milliseconds. A phase that did not happen has none.',
    metrics: HANDSHAKE_METRICS,
  },
  {
    title: 'Of a connection’s life',
    about: 'One value each time that it happens, in milliseconds.',
    metrics: CONNECTION_METRICS,
  },
  {
    title: 'Of a refusal',
    about: 'One value for each refusal that asks for a wait, in milliseconds.',
    metrics: REFUSAL_METRICS,
  },
  {
    title: 'Of the generator',
    about:
      'What kept the load threads from their work, in milliseconds: no metric of the server’s, but what the [verdict](verdict.md) reads.',
    metrics: GENERATOR_METRICS,
  },
  {
    title: 'Of a round',
    about: 'One number for each round, and one for the case as a whole.',
    metrics: ROUND_METRICS,
  },
]

/** The text of `docs/metrics.md`. */
export function metricsReference(): string {
  const sections = SECTIONS.map(({ title, about, metrics }) =>
    [`## ${title}`, about, metrics.map(entry).join('\n\n')].join('\n\n'),
  )
  return `${[OPENING, ...sections, statistics()].join('\n\n')}\n`
}

function entry(metric: Metric): string {
  const needs = 'needs' in metric ? metric.needs : []
  const facts = [
    metric.direction,
    ...(metric.unit === 'ms' ? [] : [metric.unit]),
    ...('calls' in metric && metric.calls !== 'all' ? [`${metric.calls} calls only`] : []),
    ...(needs.length > 0 ? [`needs ${needs.map((stamp) => `\`${stamp}\``).join(', ')}`] : []),
  ]
  return [`### \`${metric.name}\``, metric.definition, `*${facts.join('; ')}*`].join('\n\n')
}

function statistics(): string {
  const names = STATISTICS.map((name) => `\`${name}\``).join(', ')
  return `## Statistics

Every duration is kept in an HDR histogram from 1 ns to 1 hour with 3 significant digits, and told as ${names}.
\`p99_9\` is the ${PERCENTILES.p99_9}th percentile. A threshold names a metric of durations with one of these
(\`request_latency.p99\`), a metric of a round by itself (\`error_rate\`).

A statistic printed as \`>=\` is a lower bound: calls were still open when a round ended and could have moved it,
or the client, not the server, was the limit. A lower bound passes no threshold that asks for less.

In results a histogram stands as \`hdr\`: HdrHistogram V2, compressed, base64, in nanoseconds. The HdrHistogram
libraries for Java, Go, Rust, C and Python read it.`
}
