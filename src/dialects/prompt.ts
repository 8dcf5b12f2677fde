import type { Payload } from '../plan/plan.ts'
import { seededRandom } from '../random.ts'
import { DialectError } from './dialect.ts'

/** Short common words: most tokenizers make one token of each with the space before it. */
const WORDS =
  'the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so what up said about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years much where your way down should because long each just state those people too mr how little good world make very year still see own work men day get here between life being under three never know same last another while us might great go come since against right came take used himself few house use during without again place around however home small found mrs thought went say part once high general upon school every'.split(
    ' ',
  )

export interface Prompt {
  prompt: string
  outputTokens: number
  ignoreEos: boolean
}

/**
 * What a text payload asks for. Where it gives no text, the prompt is made from the seed: `promptTokens` words, about
 * as many tokens. Throws `DialectError` for a payload that is no prompt.
 */
export function promptOf(payload: Payload): Prompt {
  if (payload.form !== 'text' && payload.form !== 'tokens') {
    throw new DialectError(
      `a payload of the form ${payload.form} is no prompt: give it prompt_tokens and output_tokens, or text`,
    )
  }
  const { outputTokens, ignoreEos } = payload
  if (payload.form === 'text') return { prompt: payload.text, outputTokens, ignoreEos }
  const random = seededRandom(payload.seed)
  const words = Array.from({ length: payload.promptTokens }, () => WORDS[Math.floor(random() * WORDS.length)])
  return { prompt: words.join(' '), outputTokens, ignoreEos }
}
