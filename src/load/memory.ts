import os from 'node:os'
import v8 from 'node:v8'
import vm from 'node:vm'

const MIB = 2 ** 20
/** What the replies under way may make a load thread hold. A share of what the machine has, within bounds. */
const LEAST_LIMIT_BYTES = 512 * MIB
const MOST_LIMIT_BYTES = 1024 * MIB
const SHARE = 1 / 8
const LOOK_EVERY_MS = 100
/** The engine is not made to throw away what nobody holds again so soon, for it costs tens of milliseconds, ... */
const COLLECT_AGAIN_MS = 1000
/** ... unless this share of the limit has come since. */
const MUCH_MORE_SHARE = 1 / 4

/** The memory of this thread. */
export interface ThreadMemory {
  /** What nobody holds any more counts, too, until the engine has found it. */
  heldBytes(): number
  /** Has the engine find it now. */
  collect(): void
}

const threadMemory: ThreadMemory = {
  heldBytes() {
    const { used_heap_size: heapBytes, external_memory: bufferBytes } = v8.getHeapStatistics()
    return heapBytes + bufferBytes
  },
  collect() {
    v8.setFlagsFromString('--expose-gc')
    const collect = vm.runInNewContext('gc') as () => void
    v8.setFlagsFromString('--no-expose-gc')
    // What the first one finds of buffers, the second one counts.
    collect()
    collect()
  },
}

function limitBytes(): number {
  const machineBytes = Math.min(os.totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  return Math.max(LEAST_LIMIT_BYTES, Math.min(MOST_LIMIT_BYTES, machineBytes * SHARE))
}

/**
 * How much servers can make a load thread hold. Each library bounds what one reply may be; many replies at once, or many
 * messages, are bounded here, whatever the protocol.
 */
export class MemoryLimit {
  readonly bytes: number
  readonly #memory: ThreadMemory
  /** What the thread held before: its payloads are no server's doing. */
  #beforeBytes = 0
  #lookMs = 0
  #collectMs = 0
  /** What was left after the last collection. */
  #keptBytes = 0

  constructor(bytes = limitBytes(), memory: ThreadMemory = threadMemory) {
    this.bytes = bytes
    this.#memory = memory
  }

  /** The calls begin. */
  begin(): void {
    this.#beforeBytes = this.#memory.heldBytes()
  }

  /** Cheap enough to be asked at any time. */
  isReached(nowMs: number): boolean {
    if (nowMs < this.#lookMs) return false
    this.#lookMs = nowMs + LOOK_EVERY_MS
    const heldBytes = this.#heldBytes()
    if (heldBytes <= this.bytes) return false
    // What has come since the last collection may be held, however soon after it.
    const isMuchMore = heldBytes - this.#keptBytes > this.bytes * MUCH_MORE_SHARE
    if (nowMs < this.#collectMs && !isMuchMore) return this.#keptBytes > this.bytes
    this.#memory.collect()
    this.#keptBytes = this.#heldBytes()
    this.#collectMs = nowMs + COLLECT_AGAIN_MS
    return this.#keptBytes > this.bytes
  }

  #heldBytes(): number {
    return this.#memory.heldBytes() - this.#beforeBytes
  }
}
