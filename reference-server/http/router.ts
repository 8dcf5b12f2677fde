import { HttpError } from './errors.ts'
import type { Exchange } from './exchange.ts'

/** Path parameters by name, percent-decoded. */
export type Params = Readonly<Record<string, string>>
export type Handler = (exchange: Exchange, params: Params) => void | Promise<void>

export interface Route {
  method: 'GET' | 'POST' | 'DELETE'
  /** A path; a segment that starts with a colon is a parameter, up to a further colon. Of two that fit, the first. */
  path: string
  handler: Handler
}

/** One message convention: its routes, and its form for errors. */
export interface Convention {
  /** Which paths are its own, so that an unknown one among them is refused in its form. */
  prefix: string
  /** What its requests count as in the metrics when they are not streamed. */
  interfaceName: 'rest' | 'mcp' | 'admin'
  errorBody(error: HttpError): string
  routes: Route[]
}

interface Entry {
  convention: Convention
  pattern: RegExp
  handlers: Map<string, Handler>
}

const noParams: Params = {}

export class Router {
  readonly #conventions: Convention[]
  readonly #exact = new Map<string, Entry>()
  readonly #patterns: Entry[] = []

  constructor(conventions: Convention[]) {
    // The longest prefix first: the first that fits is then the best fit.
    this.#conventions = conventions.toSorted((a, b) => b.prefix.length - a.prefix.length)
    const entries = new Map<string, Entry>()
    for (const convention of conventions) {
      for (const { method, path, handler } of convention.routes) {
        let entry = entries.get(path)
        if (!entry) {
          const pattern = new RegExp(`^${path.replace(/\/:(\w+)/g, '/(?<$1>[^/]+)')}$`)
          entry = { convention, pattern, handlers: new Map() }
          entries.set(path, entry)
          if (path.includes(':')) this.#patterns.push(entry)
          else this.#exact.set(path, entry)
        }
        entry.handlers.set(method, handler)
        // Node leaves the body out by itself.
        if (method === 'GET') entry.handlers.set('HEAD', handler)
      }
    }
  }

  /** Whose form an error about this path takes. A convention with the prefix `/` takes what is left. */
  convention(path: string): Convention {
    return this.#conventions.find(({ prefix }) => path.startsWith(prefix))!
  }

  /** @throws HttpError 404 for an unknown path, 405 for a method that the path does not take. */
  find(method: string, path: string): { handler: Handler; params: Params } {
    let entry = this.#exact.get(path)
    let params = noParams
    if (!entry) {
      for (const candidate of this.#patterns) {
        const match = candidate.pattern.exec(path)
        if (!match) continue
        entry = candidate
        params = decoded(match.groups!)
        break
      }
    }
    if (!entry) throw new HttpError(404, 'not_found', `no such path: ${path.slice(0, 200)}`)
    const handler = entry.handlers.get(method)
    if (handler) return { handler, params }
    const allow = [...entry.handlers.keys()].join(', ')
    throw new HttpError(405, 'method_not_allowed', `${path} takes ${allow}, not ${method}`, { allow })
  }
}

function decoded(groups: Record<string, string>): Params {
  for (const name in groups) {
    const value = groups[name]!
    if (!value.includes('%')) continue
    try {
      groups[name] = decodeURIComponent(value)
    } catch {
      throw new HttpError(400, 'invalid_request', `the path's ${name} is not valid percent-encoding`)
    }
  }
  return groups
}
