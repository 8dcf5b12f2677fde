/** Preloaded into every thread of the tool: blocks the event loop of load threads now and then. */

import { isMainThread } from 'node:worker_threads'

const EVERY_MS = 200
const FOR_MS = 60

if (!isMainThread) {
  setInterval(() => {
    const untilMs = performance.now() + FOR_MS
    while (performance.now() < untilMs);
  }, EVERY_MS).unref()
}
