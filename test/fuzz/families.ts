import { arithmetic } from './arithmetic.ts'
import { mcp } from './conversations.ts'
import { histograms } from './histograms.ts'
import { replies } from './replies.ts'
import { requests } from './requests.ts'
import { results } from './results.ts'
import { scenarios } from './scenarios.ts'
import { schemas } from './schemas.ts'
import { streams } from './streams.ts'
import type { Subject } from './subject.ts'
import { words } from './words.ts'

/** All that is fuzzed, by what eats it. */
export const FAMILIES: Readonly<Record<string, readonly Subject[]>> = {
  Scenarios: scenarios,
  'Words and lines': words,
  'Results of strangers': results,
  'Stored histograms': histograms,
  'Replies of servers': replies,
  Streams: streams,
  'Conversations of MCP': mcp,
  'Schemas of gRPC': schemas,
  'Requests to the bundled server': requests,
  'Arithmetic of a plan': arithmetic,
}
