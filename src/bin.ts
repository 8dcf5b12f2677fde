#!/usr/bin/env node
import module from 'node:module'

// An older Node cannot even parse some of the modules behind this one, so it is told so before they load.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) {
  // What was compiled once is not compiled again: half the time that it takes to start.
  module.enableCompileCache()
  await import('./cli.ts')
} else {
  process.stderr.write(
    `infer-bench needs Node 22.19 or later; this is Node ${process.versions.node} (${process.execPath}).\n`,
  )
  process.exitCode = 1
}
