import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { hasStartedThis, isRunning, usageOfTree } from '../../src/agent/process-tree.ts'
import { readUsage, type ServerUsage } from '../../src/agent/server-usage.ts'

/** CPU time is told in steps of it, for each of the two processes and each of its two kinds. */
const STEPS_S = 4 * 0.01

let parent: ChildProcess

afterEach(() => void parent.kill('SIGKILL'))

async function family(): Promise<number> {
  parent = fork(new URL('../servers/family.ts', import.meta.url))
  return hears<number>()
}

async function hears<Told>(): Promise<Told> {
  return ((await once(parent, 'message')) as [Told])[0]
}

async function works(who: 'own' | 'child'): Promise<ServerUsage> {
  parent.send(who)
  return hears<ServerUsage>()
}

function tree(): { cpuSeconds: number; residentBytes: number } {
  return usageOfTree(parent.pid!) as { cpuSeconds: number; residentBytes: number }
}

test('the CPU time and memory of a process and its child are what the two say of themselves', async () => {
  const childPid = await family()
  const [own, child] = [await works('own'), await works('child')]
  const told = tree()
  const said = own.cpuSeconds! + child.cpuSeconds!
  expect(told.cpuSeconds).toBeGreaterThan(said - STEPS_S)
  // The parent has sent and heard a message since.
  expect(told.cpuSeconds).toBeLessThan(said * 1.2 + STEPS_S)
  expect(told.residentBytes / (own.residentBytes! + child.residentBytes!)).toBeCloseTo(1, 1)
  const alone = usageOfTree(childPid)!
  expect(alone.residentBytes! / child.residentBytes!).toBeCloseTo(1, 1)
  expect(await readUsage({ pid: childPid })).toMatchObject({ cpuSeconds: alone.cpuSeconds })
})

test('what a child has used that has ended stays counted, its memory does not', async () => {
  const childPid = await family()
  const child = await works('child')
  const before = tree()
  parent.send('end')
  await hears<'ended'>()
  expect(isRunning(childPid)).toBe(false)
  const after = tree()
  expect(after.cpuSeconds).toBeGreaterThan(before.cpuSeconds - STEPS_S)
  expect(before.residentBytes - after.residentBytes).toBeGreaterThan(child.residentBytes! * 0.8)
})

test('a process that has gone tells nothing', async () => {
  await family()
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  expect(isRunning(parent.pid!)).toBe(false)
  expect(await readUsage({ pid: parent.pid! })).toEqual({ cpuSeconds: null, residentBytes: null })
})

test('who has started this process is told from who has not', async () => {
  await family()
  expect(hasStartedThis(process.ppid)).toBe(true)
  expect(hasStartedThis(process.pid)).toBe(true)
  expect(hasStartedThis(parent.pid!)).toBe(false)
})
