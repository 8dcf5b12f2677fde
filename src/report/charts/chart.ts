/** Lines of a chart: pieces of text, each with what it means to the eye. No meaning is in the tone alone. */

import { displayWidth } from '../wrap.ts'

export type ChartTone = 'plain' | 'heading' | 'quiet' | 'bar' | 'tail' | 'bad'

export interface Piece {
  text: string
  tone: ChartTone
}

export type ChartLine = Piece[]

export interface Chart {
  title: string
  lines: ChartLine[]
}

export function piece(text: string, tone: ChartTone = 'plain'): Piece {
  return { text, tone }
}

export function lineWidth(line: ChartLine): number {
  return line.reduce((sum, { text }) => sum + displayWidth(text), 0)
}
