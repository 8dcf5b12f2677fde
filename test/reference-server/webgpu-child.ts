/** A process of its own, because a Vulkan driver is chosen before a process starts: computes on WebGPU. */
import { echoGraph } from '../../reference-server/models/echo.ts'
import { loadOnnxRuntime, sessionOptions } from '../../reference-server/runtime/session.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { generate, mlpInput, numbersOf, ONE_WORKER } from './requests.ts'

const runtime = await startRuntime({ ...ONE_WORKER, providers: ['webgpu'], workers: 2 })
const write = async (model: string, prompt: string, maxTokens: number) =>
  (await generate(runtime, model, { prompt, maxTokens })).tokens.join('')
const { provider } = runtime
const [tiny, other] = await Promise.all([write('gpt-tiny', 'Hello world', 6), write('gpt-tiny', 'To be', 6)])
const small = await write('gpt-small', 'Hello world', 2)
const scores = numbersOf((await runtime.infer('mlp', [mlpInput(2, 200)])).outputs[0]!)
const echo = numbersOf((await runtime.infer('echo', [mlpInput(1, 3)])).outputs[0]!)
await runtime.close()

// WebGPU has no 64-bit floats: without the ban this graph would load, and run on the CPU in silence.
const ort = await loadOnnxRuntime()
const banned = await ort.InferenceSession.create(echoGraph('FP64'), sessionOptions('webgpu')).then(
  () => 'loaded',
  (error: Error) => error.message,
)
process.stdout.write(JSON.stringify({ provider, tiny, other, small, scores, echo, banned }))
