import { readFileSync, writeFileSync } from 'node:fs'

const MIB = 2 ** 20

/** What a process held at the beginning of a stretch of time, at most, and at its end, in MiB. */
export interface Memory {
  beforeMiB: number
  peakMiB: number
  afterMiB: number
  tookMs: number
}

/** Follows the resident memory of a process through stretches that begin one after the other. */
export class Meter {
  readonly memory = new Map<string, Memory>()
  readonly #pid: number
  #current: { name: string; beforeMiB: number; sinceMs: number } | null = null

  constructor(pid: number) {
    this.#pid = pid
  }

  /** The named stretch begins. Whatever comes late of one that is over changes nothing. */
  enter(name: string): void {
    if (this.#current?.name === name || this.memory.has(name)) return
    this.#leave()
    this.#current = { name, beforeMiB: this.#held('VmRSS'), sinceMs: performance.now() }
    // The kernel's record of the most that was held begins anew.
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5')
  }

  #leave(): void {
    if (!this.#current) return
    const { name, beforeMiB, sinceMs } = this.#current
    const tookMs = performance.now() - sinceMs
    this.memory.set(name, { beforeMiB, peakMiB: this.#held('VmHWM'), afterMiB: this.#held('VmRSS'), tookMs })
  }

  #held(key: 'VmRSS' | 'VmHWM'): number {
    const text = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    return (Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)![1]) * 1024) / MIB
  }
}
