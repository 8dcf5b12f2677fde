// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.

import { hasStartedThis, isRunning, tellsOfProcesses } from '../agent/process-tree.ts'
import type { Plan } from '../plan/plan.ts'
import type { Scenario } from '../scenario/load.ts'
import { ScenarioError } from '../scenario/problem.ts'

/** Before the load: afterwards it would only show that nothing was told. @throws ScenarioError */
export function checkServerProcesses({ source }: Scenario, { cases }: Plan): void {
  const pids = new Map(cases.flatMap(({ target: { name, pid } }) => (pid === undefined ? [] : [[name, pid]])))
  const problems = Array.from(pids, ([name, pid]) => {
    const fault = faultOf(pid)
    return fault && source.problem(['targets', name, 'pid'], ...fault)
  }).filter((problem) => problem !== null)
  if (problems.length > 0) throw new ScenarioError(problems)
}

function faultOf(pid: number): [message: string, cure: string] | null {
  if (!tellsOfProcesses()) {
    return ['this system does not tell what a process uses', 'Remove it: `pid` is for Linux, with /proc.']
  }
  if (!isRunning(pid)) {
    const cure = 'Start the server first, and name the process that runs, e.g. pid: "${env:SERVER_PID}".'
    return [`there is no process ${pid}`, cure]
  }
  if (hasStartedThis(pid)) {
    return [`infer-bench runs within the process ${pid}`, 'Name the server’s own process.']
  }
  return null
}
