import type { IncomingHttpHeaders } from 'node:http'
import type { RetryAfter } from '../retry-after.ts'

type Headers = Record<string, string | string[] | undefined> | IncomingHttpHeaders

const MS_PER_SECOND = 1000
/** What asks for a wait may be any refusal; 429 and 503 are the usual ones. */
const FIRST_REFUSAL = 400

/** The three forms of a date in HTTP (RFC 9110, section 5.6.7). A looser reader takes `soon 5` for a day in May. */
const DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
]
const DATE_OF_C = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

/** The wait that a reply asks for, if it is a refusal. */
export function retryAfterOf(statusCode: number, headers: Headers): RetryAfter | undefined {
  return statusCode < FIRST_REFUSAL ? undefined : retryAfterIn(headers)
}

/**
 * The wait that the headers of a refusal ask for: `Retry-After` (RFC 9110, section 10.2.3) in seconds or as a date, or
 * `retry-after-ms`, which hosts of OpenAI's API send beside it because whole seconds are coarse. A date is compared with
 * the server's own `Date`, so that its clock need not agree with this one.
 */
export function retryAfterIn(headers: Headers): RetryAfter | undefined {
  const exact = textOf(headers['retry-after-ms'])
  if (exact !== undefined && isNumber(exact)) return { afterMs: Number(exact) }
  const told = textOf(headers['retry-after'])
  if (told === undefined) return exact === undefined ? undefined : { afterMs: Number.NaN }
  if (isNumber(told)) return { afterMs: Number(told) * MS_PER_SECOND }
  const atMs = dateOf(told)
  if (Number.isNaN(atMs)) return { afterMs: Number.NaN }
  const hereMs = dateOf(textOf(headers.date) ?? '')
  // A moment that has passed asks for no wait: with whole seconds, that is what a short one often comes to.
  return Number.isNaN(hereMs) ? { atMs } : { afterMs: Math.max(0, atMs - hereMs) }
}

/** Whole numbers are the rule; clients of the field take fractions, so servers send them. */
function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text)
}

/** In ms of Unix time; NaN for what is no date. */
function dateOf(text: string): number {
  if (DATE_OF_C.test(text)) return Date.parse(`${text} GMT`)
  return DATES.some((form) => form.test(text)) ? Date.parse(text) : Number.NaN
}

function textOf(value: string | string[] | undefined): string | undefined {
  return (Array.isArray(value) ? value[0] : value)?.trim()
}
