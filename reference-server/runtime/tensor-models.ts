import type { InferenceSession } from 'onnxruntime-node'
import { echoGraph } from '../models/echo.ts'
import { mlpGraph, OUTPUT_WIDTH, PATCH_WIDTH } from '../models/mlp.ts'
import { DATATYPES, elementsOf } from './datatypes.ts'
import type { DataType, Provider, Tensor } from './runtime.ts'
import { type OnnxRuntime, runTimed, sessionOptions } from './session.ts'

interface TensorRun {
  /** One list of output tensors for each joined request. */
  outputs: Tensor[][]
  startMs: number
  computeMs: number
}

/** A model that takes tensors. `run` gets the inputs of the requests to join, already checked. */
export interface TensorModel {
  run(requests: Tensor[][]): Promise<TensorRun>
  release(): Promise<void>
}

/**
 * `echo`: an Identity graph for each element type. They run on the CPU whatever the provider, because no GPU
 * provider takes all types, and because echo is there to measure the interface and not the device.
 */
export async function openEcho(ort: OnnxRuntime): Promise<TensorModel> {
  const sessions = new Map<DataType, InferenceSession>()
  for (const datatype of Object.keys(DATATYPES) as DataType[]) {
    sessions.set(datatype, await ort.InferenceSession.create(echoGraph(datatype), sessionOptions('cpu')))
  }

  async function echo(tensor: Tensor, run: TensorRun): Promise<Tensor> {
    const elements = elementsOf(tensor.datatype, tensor.data as Uint8Array<ArrayBuffer>)
    const feed = new ort.Tensor(DATATYPES[tensor.datatype].ort, elements, [elements.length])
    const { outputs, startMs, computeMs } = await runTimed(sessions.get(tensor.datatype)!, { tensor: feed })
    if (run.computeMs === 0) run.startMs = startMs
    run.computeMs += computeMs
    const data = outputs.output!.data as typeof elements
    return { ...tensor, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
  }

  return {
    async run(requests) {
      const run: TensorRun = { outputs: [], startMs: 0, computeMs: 0 }
      for (const inputs of requests) {
        const outputs: Tensor[] = []
        for (const tensor of inputs) outputs.push(await echo(tensor, run))
        run.outputs.push(outputs)
      }
      return run
    },
    async release() {
      for (const session of sessions.values()) await session.release()
    },
  }
}

/** `mlp`: one input FP32 [batch, width]; requests of one run share their width and are joined along the batch. */
export async function openMlp(ort: OnnxRuntime, provider: Provider): Promise<TensorModel> {
  const session = await ort.InferenceSession.create(mlpGraph(), sessionOptions(provider))
  return {
    async run(requests) {
      const inputs = requests.map((tensors) => tensors[0]!)
      const batch = inputs.reduce((rows, input) => rows + input.shape[0]!, 0)
      const patchCount = Math.ceil(inputs[0]!.shape[1]! / PATCH_WIDTH)
      const feed = new ort.Tensor('float32', patchesOf(inputs, patchCount), [batch, patchCount, PATCH_WIDTH])
      const { outputs, startMs, computeMs } = await runTimed(session, { patches: feed })
      return { outputs: splitRows(inputs, outputs.output!.data as Float32Array), startMs, computeMs }
    },
    release: () => session.release(),
  }
}

/** The rows of all inputs one after another, each padded with zeros to whole patches. */
function patchesOf(inputs: Tensor[], patchCount: number): Float32Array {
  const width = inputs[0]!.shape[1]!
  const paddedWidth = patchCount * PATCH_WIDTH
  const rows = inputs.map(
    (input) => elementsOf('FP32', input.data as Uint8Array<ArrayBuffer>) as Float32Array,
  )
  if (rows.length === 1 && width === paddedWidth) return rows[0]!
  const batch = rows.reduce((count, values) => count + values.length / width, 0)
  const patches = new Float32Array(batch * paddedWidth)
  let offset = 0
  for (const values of rows) {
    for (let from = 0; from < values.length; from += width) {
      patches.set(values.subarray(from, from + width), offset)
      offset += paddedWidth
    }
  }
  return patches
}

function splitRows(inputs: Tensor[], values: Float32Array): Tensor[][] {
  let row = 0
  return inputs.map((input) => {
    const rowCount = input.shape[0]!
    const part = values.slice(row * OUTPUT_WIDTH, (row + rowCount) * OUTPUT_WIDTH)
    row += rowCount
    return [
      {
        name: 'output',
        datatype: 'FP32',
        shape: [rowCount, OUTPUT_WIDTH],
        data: new Uint8Array(part.buffer),
      },
    ]
  })
}
