/** The thread that owns the models: takes orders in, runs one ONNX Runtime call after another, reports back. */
import { parentPort, workerData } from 'node:worker_threads'
import { DECODERS } from '../models/catalogue.ts'
import { SILERO, sileroFile } from '../models/silero.ts'
import { Decoder } from './decoder.ts'
import { Generation } from './generation.ts'
import { packTensors, tokenEvent, type WorkerEvent, type WorkerOrder, type WorkerSetup } from './messages.ts'
import { loadOnnxRuntime } from './session.ts'
import { openSilero } from './silero.ts'
import { openEcho, openMlp, type TensorModel } from './tensor-models.ts'

const port = parentPort!
const { provider, cpuSeconds, index } = workerData as WorkerSetup

const ort = await loadOnnxRuntime()
const tensorModels: Record<string, TensorModel> = {
  echo: await openEcho(ort),
  mlp: await openMlp(ort, provider),
}
if (sileroFile !== null) tensorModels[SILERO] = await openSilero(ort, sileroFile)
const decoders: Record<string, Decoder> = {}
for (const shape of DECODERS) decoders[shape.name] = await Decoder.open(ort, shape, provider)

type InferOrder = Extract<WorkerOrder, { kind: 'infer' }>
const inferences: InferOrder[] = []
/** In the order of their turns: the first steps next and goes to the end. */
const generations: Generation[] = []
let closing = false
let running = false

port.on('message', (order: WorkerOrder) => {
  if (order.kind === 'infer') inferences.push(order)
  else if (order.kind === 'generate') begin(order)
  else if (order.kind === 'cancel') cancel(order.id)
  else closing = true
  if (!running) void work()
})
reportCpu()
post({ kind: 'ready' })

function begin(order: Extract<WorkerOrder, { kind: 'generate' }>): void {
  generations.push(new Generation(order.id, order.handedMs, decoders[order.model]!, order.request))
}

/** The front end has already forgotten a cancelled inference; a generation owes it a last word. */
function cancel(id: number): void {
  for (const order of inferences) order.parts = order.parts.filter((part) => part.id !== id)
  for (const generation of generations) if (generation.id === id) generation.cancelled = true
}

/**
 * Works until nothing is left: an inference and a step of a generation by turns, so that neither kind starves
 * the other. Every run of a session lets the event loop turn once, which takes new orders in.
 */
async function work(): Promise<void> {
  running = true
  while (inferences.length > 0 || generations.length > 0) {
    const order = inferences.shift()
    if (order !== undefined && order.parts.length > 0) await infer(order)
    const generation = generations.shift()
    if (generation !== undefined) await step(generation)
    reportCpu()
  }
  running = false
  if (closing) await close()
}

async function infer(order: InferOrder): Promise<void> {
  const { parts } = order
  try {
    const run = await tensorModels[order.model]!.run(parts.map((part) => part.inputs))
    for (const [place, part] of parts.entries()) {
      const { packed, transfer } = packTensors([run.outputs[place]!])
      const timing = { queueMs: run.startMs - part.handedMs, computeMs: run.computeMs }
      post({ kind: 'inferred', id: part.id, outputs: packed[0]!, timing }, transfer)
    }
  } catch (error) {
    for (const { id } of parts) post({ kind: 'failed', id, message: String(error) })
  }
}

async function step(generation: Generation): Promise<void> {
  // It keeps its place in the list while it runs, so that a cancel which comes in meanwhile finds it.
  generations.push(generation)
  const drop = () => generations.splice(generations.indexOf(generation), 1)
  try {
    const { token, reply } = await generation.step()
    if (token !== null) post(tokenEvent(generation.id, token))
    if (reply === null) return
    drop()
    post({ kind: 'generated', id: generation.id, reply })
  } catch (error) {
    drop()
    generation.release()
    post({ kind: 'failed', id: generation.id, message: String(error) })
  }
}

function post(event: WorkerEvent, transfer: ArrayBuffer[] = []): void {
  port.postMessage(event, transfer)
}

/** Node before 23.9 cannot tell a thread's CPU time; the time that its event loop was busy stands in for it. */
function reportCpu(): void {
  const usage = process.threadCpuUsage?.()
  cpuSeconds[index] =
    usage === undefined ? performance.eventLoopUtilization().active / 1e3 : (usage.user + usage.system) / 1e6
}

/** Sessions go before the thread does: a thread that ends with a live GPU session can take the process along. */
async function close(): Promise<void> {
  for (const model of Object.values(tensorModels)) await model.release()
  for (const decoder of Object.values(decoders)) await decoder.release()
  reportCpu()
  port.close()
}
