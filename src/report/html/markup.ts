/**
 * HTML that is known to be HTML. Texts become part of it through `html` alone, which escapes whatever is not markup
 * already: to forget it takes a deliberate `raw`.
 */

import { escapeInvisible } from '../clean.ts'

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Markup | readonly Part[] | null

/** A template whose texts are escaped. Null is nothing, a list is its items one after the other. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    strings.map((own, index) => own + (index < parts.length ? written(parts[index]!) : '')).join(''),
  )
}

/** Our own text, as it stands: never anybody else's. */
export function raw(text: string): Markup {
  return new Markup(text)
}

function written(part: Part): string {
  if (part === null) return ''
  if (part instanceof Markup) return part.text
  if (Array.isArray(part)) return part.map(written).join('')
  return escaped(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}

/** JSON for a script element, which ends at the first `</script`, whatever stands around it. */
export function scriptJson(value: unknown): Markup {
  return raw(escapeInvisible(JSON.stringify(value)).replaceAll('<', '\\u003c'))
}
