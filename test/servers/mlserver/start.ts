import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const LIBRARY = fileURLToPath(new URL('../../../.cache/mlserver', import.meta.url))
/** Longer than Python takes to import all of it on a busy machine. */
const PATIENCE_MS = 60_000

export const PROGRAM = `${LIBRARY}/bin/mlserver`
export const INSTALL =
  'python3 -m pip install --no-deps --target .cache/mlserver -r test/servers/mlserver/requirements.txt'

export interface MlServer {
  httpUrl: string
  grpcUrl: string
  stop(): Promise<void>
}

/** MLServer, a server of the Open Inference Protocol in Python, with one model, `echo`. */
export async function startMlServer(): Promise<MlServer> {
  const [httpPort, grpcPort] = await freePorts(2)
  const child = spawn('python3', [PROGRAM, 'start', FOLDER], {
    env: {
      ...process.env,
      PYTHONPATH: LIBRARY,
      PYTHONDONTWRITEBYTECODE: '1',
      MLSERVER_HOST: '127.0.0.1',
      MLSERVER_HTTP_PORT: String(httpPort),
      MLSERVER_GRPC_PORT: String(grpcPort),
      MLSERVER_PARALLEL_WORKERS: '0',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-4000)
  })
  const httpUrl = `http://127.0.0.1:${httpPort}`
  const deadline = performance.now() + PATIENCE_MS
  while (!(await isReady(`${httpUrl}/v2/models/echo/ready`))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop(child)
      throw new Error(`MLServer did not start:\n${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { httpUrl, grpcUrl: `grpc://127.0.0.1:${grpcPort}`, stop: () => stop(child) }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Held together until all are known, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
