import { spawn } from 'node:child_process'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { needs } from '../requirements.ts'

const SCRIPT = fileURLToPath(new URL('../../scenarios/gateway/start.sh', import.meta.url))
/** Ports that the script takes from its first one on. */
const PORTS = 9
const MOST_TRIES = 20
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so'

export interface Gateway {
  /** The variables that `scenarios/gateway.yaml` reads. */
  env: Record<string, string>
  /** Calls that each replica has answered so far. */
  calls(): Promise<number[]>
  /** What the script said, from its first line to its last. */
  stop(): Promise<string>
}

export function needsGateway(context: TestContext): void {
  needs(context, 'nginx', 'the gateway is one')
  needs(context, STREAM_MODULE, 'nginx balances connections with it')
}

/** Two replicas behind nginx, as the script beside the scenario starts them for its users. */
export async function startGateway(): Promise<Gateway> {
  const base = await freePorts()
  const child = spawn('bash', [SCRIPT, String(base)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (/^ready$/m.test(output)) resolve()
    })
    void gone.then(() => reject(new Error(`the gateway did not start: ${output}`)))
  })
  const variables = [...output.matchAll(/(\w+_URL)=(\S+)/g)].map(([, name, url]) => [name!, url!] as const)
  return {
    env: Object.fromEntries(variables),
    calls: () => Promise.all([base + 1, base + 3].map(answered)),
    async stop() {
      child.kill('SIGTERM')
      await gone
      return output
    },
  }
}

async function answered(port: number): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counts = page.matchAll(/^infer_requests_total\{.*status="(?:200|OK)".*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** The first of some neighbours that all are free. */
async function freePorts(): Promise<number> {
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const base = 20_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all(Array.from({ length: PORTS }, (_, offset) => isFree(base + offset)))
    if (free.every(Boolean)) return base
  }
  throw new Error('no free ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
