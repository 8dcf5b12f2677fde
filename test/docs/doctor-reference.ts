import { FLOOR_P50_MS, RULES } from '../../src/result/diagnosis.ts'

const OPENING = `# What this machine can measure

<!-- Generated from src/result/diagnosis.ts by \`npm run docs\`. -->

\`\`\`sh
npx infer-bench doctor
npx infer-bench doctor --json
\`\`\`

looks at the machine that is to make the load, for some ten seconds, and says what to do about what stands in its way. The
exit code is 0 whatever it finds; \`--json\` prints one document for scripts, in which each finding is \`good\`, \`bad\` or
\`unknown\`. Systems other than Linux do not tell some of it: that is \`unknown\`, and no failure.

## The floor

What a call takes when nobody does anything for it: the same driver, load and payload against a server of the same protocol
that answers at once, in a process of its own on this machine. \`doctor\` tells it of each protocol, for a small call of the
first API that is spoken over it: one call at a time, and how many calls a second one load thread makes with 32 under way.
Nothing faster than that can be measured here, whatever the server.

\`run\` measures the floor of each case beside the case, at the case's own load, and stores it as \`floor\`: a column in the
tables, and a note where a latency is less than twice its floor. Such a latency tells of the tool and the machine as much as
of the server. A floor is **never subtracted** from anything: the two do not add up, because a client waits for a slow
server while it does other things.

- It takes a tenth of the case's own time, 1.25 s at most, once for all cases that have it in common (the same protocol,
  API, payload, load and kind of connection). What its warm-up costs is part of that.
- By default it is measured where those cases run for 2 s or longer, or for 2,000 calls: for less, it would cost more than it
  tells. \`floor: on\` and \`floor: off\`, in \`defaults\` or in a case, say otherwise; \`--no-floor\` leaves all of them out.
- A rate that would give fewer than 30 calls in that time is raised until it gives them, a ramp is measured at its highest
  rate. \`floor.load\` in the result says what it was.
- The requests are the case's own: they are encoded, compressed and encrypted as its calls are, without its credentials. The
  reply is a few bytes, so what a large reply takes to come and to decode is not in it, nor are gaps between chunks.
- A floor that could not be measured says why, and the run goes on.

## The limits
`

const CLOSING = `
The floor of a protocol is high above a p50 of ${FLOOR_P50_MS} ms. A provider of ONNX Runtime is needed for the bundled server only;
one that does not run says why.
`

export function doctorReference(): string {
  const rows = RULES.map(({ name, limit, advice }) => `| ${name} | ${limit} | ${advice || '–'} |`)
  return [OPENING, '| what | is well at | otherwise |', '| --- | --- | --- |', ...rows, CLOSING].join('\n')
}
