/** How much the memory of both sides grows with the sessions that stand. */

/** In bytes, of all sessions. Null: nobody tells it. */
export interface SessionMemory {
  serverBytes: number | null
  clientBytes: number
}

/** In bytes, of all that a side has. */
export interface MemoryReading {
  /** Null: nobody tells it. */
  serverBytes: number | null
  clientBytes: number
}

/** What the sessions take that stand now and did not before. */
export function memoryOfSessions(before: MemoryReading, now: MemoryReading): SessionMemory {
  const isTold = before.serverBytes !== null && now.serverBytes !== null
  return {
    serverBytes: isTold ? now.serverBytes! - before.serverBytes! : null,
    clientBytes: now.clientBytes - before.clientBytes,
  }
}

/** The median of the readings, of which there is an odd number. A server that was gone for one of them tells nothing. */
export function typicalReading(readings: readonly MemoryReading[]): MemoryReading {
  const told = readings.flatMap(({ serverBytes }) => serverBytes ?? [])
  return {
    serverBytes: told.length === readings.length ? median(told) : null,
    clientBytes: median(readings.map(({ clientBytes }) => clientBytes)),
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
