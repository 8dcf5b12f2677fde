import { type ChildProcess, fork } from 'node:child_process'

export interface ServerProcess<Ready> {
  /** What it sent once it was ready. */
  ready: Ready
  pid: number
  stop(): Promise<void>
}

export interface TestServer extends ServerProcess<number> {
  url: string
  port: number
}

/** Starts a program of this folder in a process of its own, which ends with the test at the latest. */
export async function startProcess<Ready>(file: string, args: string[] = []): Promise<ServerProcess<Ready>> {
  const child: ChildProcess = fork(new URL(file, import.meta.url), args)
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Ready))
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready`)))
  })
  return {
    ready,
    pid: child.pid!,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}

/** Starts a server that sends its port. */
export async function startServer(file: string, args: string[] = []): Promise<TestServer> {
  const started = await startProcess<number>(file, args)
  return { ...started, url: `http://127.0.0.1:${started.ready}`, port: started.ready }
}
