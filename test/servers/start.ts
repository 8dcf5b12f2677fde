import { type ChildProcess, fork } from 'node:child_process'

export interface TestServer {
  url: string
  port: number
  pid: number
  stop(): Promise<void>
}

/** Starts a server of this folder in a process of its own, which ends with the test at the latest. */
export async function startServer(file: string, args: string[] = []): Promise<TestServer> {
  const child: ChildProcess = fork(new URL(file, import.meta.url), args)
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number))
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}
