import { anthropicMessages } from './anthropic-messages.ts'
import type { Dialect } from './dialect.ts'
import { inferbenchGeneration } from './inferbench-generation.ts'
import { kserveV2 } from './kserve-v2/kserve-v2.ts'
import { openaiChat, openaiCompletions } from './openai.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { raw } from './raw.ts'
import { tfServing } from './tf-serving/tf-serving.ts'

/** Every dialect: one line each. */
export const DIALECTS: readonly Dialect[] = [
  kserveV2,
  openaiChat,
  openaiCompletions,
  openaiEmbeddings,
  anthropicMessages,
  tfServing,
  inferbenchGeneration,
  raw,
]

export function dialect(name: string): Dialect {
  const found = DIALECTS.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no dialect is named ${name}`)
  return found
}
