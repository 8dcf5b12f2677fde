import { expect, test } from 'vitest'
import { needs } from '../requirements.ts'
import { runBottlenecks, runServersAtFault } from './blame.ts'
import { isGroundless } from './flags.ts'

test('the generator as the bottleneck is flagged each time, with the right reason', async (context) => {
  for (const command of ['taskset', 'python3']) needs(context, command, 'it makes bottlenecks')
  const judged = await runBottlenecks()
  expect(judged).toHaveLength(6)
  expect(judged.filter(({ right }) => right === null)).toEqual([])
}, 180_000)

test('a server at fault is no reason to blame the generator', async (context) => {
  needs(context, 'taskset', 'the watcher stays on its core with it')
  const judged = await runServersAtFault()
  expect(judged).toHaveLength(4)
  expect(judged.filter(isGroundless)).toEqual([])
}, 180_000)
