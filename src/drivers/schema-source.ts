import type { Target } from '../plan/plan.ts'
import type { Credentials } from './driver.ts'

/** What a target's calls are made of, learned once for all of its cases: only its protocol looks into it. */
export type Schema = object

export interface SchemaSource {
  /** Reads the files that a target's options name; null: they name none. Throws `DialectError` with the key at fault. */
  read(options: Target['options'], directory: string): Promise<Schema | null>
  /** True where the server itself has to be asked, before the load. */
  asks(target: Target): boolean
  /**
   * Asks the server. Throws `OpenError` where it cannot be asked, and `DialectError` with the key at fault where it does
   * not tell.
   */
  ask(target: Target, credentials: Credentials, timeoutMs: number, signal: AbortSignal): Promise<Schema>
  /** The target with what the schema says of the call at a URL's path, as plain JSON. Throws `DialectError`. */
  apply(target: Target, path: string, schema: Schema): Target
}
