import { SMALLEST_DRIFT } from '../../src/result/steadiness.ts'
import { LIMITS } from '../../src/result/verdict.ts'

const percent = (share: number) => `${share * 100}%`

/** The text of `docs/verdict.md`. */
export function verdictReference(): string {
  const { p50Ms, tailMs, share, fewestAbove, busyShare, missedShare, conductorMs } = LIMITS
  return `# The verdict: can these numbers be trusted?

<!-- Generated from src/result/verdict.ts by \`npm run docs\`. -->

A load generator that is overloaded, or that its machine stops for a while, measures itself and calls it the server. Each
case of a result therefore has a verdict: \`valid\`, or \`invalid\` with reasons; and notes on single metrics that have to
be read with care. A run is valid when all of its cases are; \`run\` then ends with 0, else with 113. **A slow server,
one that refuses or fails, is never a reason.**

## What it reads

| evidence | where it stands in a result |
| --- | --- |
| how late calls were turned to | \`dispatch_delay\` |
| arrivals that were due and that the generator never turned to | \`missed\` in the summary (part of \`dropped\`) |
| how late the event loop of a load thread was | \`event_loop_delay\` |
| calls that were under way while a load thread stood still (a timer more than 5 ms late) | \`tainted\` in the summary |
| pauses for the garbage collector | \`gc_pause\` |
| how busy the load threads were: the share of their time for which they had something to do. A pacer that polls the clock between two arrivals looks 100% busy and is not: polls that found nothing are left out | in the reasons |
| for how much of the time that a load thread was awake a core ran it | in the reasons |
| the share of its time that went into encoding and decoding | in the reasons |
| how latency went over each round, in slices | \`timeline\` of the round |

## What makes a case invalid

Only in an open loop (\`constant\`, \`poisson\`, \`ramp\`), which promises a schedule. What the generator added is much
when it is more than ${p50Ms} ms at p50 or ${tailMs} ms in the tail, and more than ${percent(share)} of \`request_latency\` at the same percentile. The tail is p99, or,
with fewer calls, the highest of p95, p90 and p75 that ${fewestAbove} calls lie above: one hiccup must not condemn a short case.

| reason | when |
| --- | --- |
| the generator could not keep its schedule | \`dispatch_delay\` is much |
| the same: it read replies late | its thread was busy for ${percent(busyShare)} of the time or more, and calls waited or were dropped: connections then only seem busy |
| the same: it never turned to calls that were due | \`missed\` is ${fewestAbove} calls or more, and more than ${percent(missedShare)} of those that were due |
| the generator stood still | had the calls been fast that it sent late or whose reply came while it stood still, the percentile could be lower by much; a stall is not held to have added more than it lasted |
| no call ended, or none succeeded | (exit code 114) |

Calls that waited, or were dropped, because the server had asked for a wait (\`retry_after: obey\`) are no sign of a late
generator: of such a case neither their wait nor their number is held against it.

Each reason names the cause, as far as the evidence tells it: a core that other work had, encoding and decoding,
garbage collection, a thread that was simply busy, an event loop that was blocked; and what to do about it. \`--workers\` adds load
threads; they help where there are cores for them.

## What is noted

| note | when |
| --- | --- |
| throughput is \`>= n (client limit)\`, latency holds the client’s own queue | a closed loop whose load thread was busy for ${percent(busyShare)} of the time: a closed loop always saturates something, and here it was the generator |
| latency: the generator stood still | as above, in a closed loop |
| first token, gaps and answers within streams hold stalls of the generator | the same of \`time_to_first_token\`, \`inter_chunk_latency\` and \`message_latency\`, where each stall can have delayed a chunk of every stream that was under way |
| latency holds a wait for one of the connections that the scenario allows | \`connections\` is given, and the median of \`connection_wait\` is much |
| latency was not steady | p50 changed from the first round to the last (in a single round: from its first half to its second) by more than ${percent(SMALLEST_DRIFT)}, and the whole confidence interval of the change (99%) says so |
| latency is close to its floor | see [doctor](doctor.md) |
| \`tls_handshake\` is not what was asked for | the server did not resume the sessions of a \`resumed\` target |
| \`throttled\` refusals asked for a wait | the server asked for it (\`Retry-After\` and the like); whether it was kept |
| the reader’s own pauses | the case has a \`reader\`, whose pauses are in these metrics by design |
| the run was held up | the thread that conducts the run and draws its progress was blocked for more than ${conductorMs} ms, for example because nobody reads the terminal. Load threads do not wait for it |

The drift is estimated by Hodges and Lehmann’s method over the medians of the rounds’ slices, and its interval by the
Mann-Whitney test: it asks for no distribution, and one stray slice does not move it.

How these rules were tried, and on what: [trust](trust.md).
`
}
