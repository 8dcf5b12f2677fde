const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Scripts whose characters take two columns of a terminal, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f/u

const ASCII = /^[ -~]*$/

/** Columns that a text takes in a terminal; it holds no control characters. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1
}

export function longestWord(text: string): number {
  return Math.max(0, ...text.split(' ').map(displayWidth))
}

/** Breaks at spaces, and within words that are longer than a line. Never empty. `width`: at least 2. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  let lineWidth = 0
  const flush = () => {
    if (line !== '') lines.push(line)
    line = ''
    lineWidth = 0
  }
  for (const word of text.split(' ')) {
    const wordWidth = displayWidth(word)
    if (line !== '' && lineWidth + 1 + wordWidth <= width) {
      line += ` ${word}`
      lineWidth += 1 + wordWidth
      continue
    }
    flush()
    if (wordWidth <= width) {
      line = word
      lineWidth = wordWidth
      continue
    }
    for (const { segment } of graphemes.segment(word)) {
      const segmentWidth = graphemeWidth(segment)
      if (lineWidth + segmentWidth > width) flush()
      line += segment
      lineWidth += segmentWidth
    }
  }
  flush()
  return lines.length > 0 ? lines : ['']
}

/** Cut to a width, with an ellipsis where something is missing. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let keptWidth = 0
  for (const { segment } of graphemes.segment(text)) {
    keptWidth += graphemeWidth(segment)
    if (keptWidth > width - 1) break
    kept += segment
  }
  return width > 0 ? `${kept}…` : ''
}
