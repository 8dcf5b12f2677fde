import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Result } from './document.ts'

/** Characters of a run's name that its file keeps; far below what file systems allow, whatever the script. */
const MAX_NAME_LENGTH = 40
/** Of a name's parts: three of them and what else stands in a name must not reach the 255 bytes of file systems. */
const MAX_PART_BYTES = 60
/** Of files that are not whole yet: hidden, and nobody else's. */
const TEMPORARY_END = '.infer-bench.tmp'
/** No write takes so long: what is older belongs to a process that was killed. */
const ABANDONED_MS = 3_600_000

/** A result or a report that could not be written. Says which file, and why. */
export class ResultWriteError extends Error {
  readonly exitCode = 1

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ResultWriteError'
  }
}

/** Where a result goes when nobody says: `results/<name>-<time>.json`, in characters every system takes. */
export function defaultResultFile(result: Pick<Result, 'name' | 'start_time'>): string {
  const name = safe(result.name).slice(0, MAX_NAME_LENGTH).replace(/-+$/, '') || 'result'
  return join('results', `${name}-${safe(result.start_time)}.json`)
}

/** Of any text, what can be part of a file's name on every system: it leads to no other folder, and is short. May be empty. */
export function nameForFile(text: string): string {
  let name = safe(text.toWellFormed())
  while (Buffer.byteLength(name) > MAX_PART_BYTES) name = [...name].slice(0, -1).join('')
  return name.replace(/[-.]+$/, '')
}

function safe(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}._]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '')
}

export async function writeResult(result: Result, file: string): Promise<void> {
  await writeWhole(file, `${JSON.stringify(result, null, 2)}\n`)
}

/**
 * Writes the file whole or not at all: beside it first, on the disk for certain, then in its place. Makes the
 * folder. A link stays one, and a device or a pipe (`/dev/stdout`) gets the text itself. Throws `ResultWriteError`.
 * A process that is killed just then leaves a hidden file behind, which a later write into the folder removes.
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  if (await isDevice(file)) {
    await writeFile(file, text).catch((error) => refuse(file, error))
    return
  }
  await replace(file, await realpath(file).catch(() => file), text)
}

/** What a file must not be put in the place of: a run by root would do so to `/dev/null`. */
export async function isDevice(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => !found.isFile() && !found.isDirectory(),
    () => false,
  )
}

async function replace(named: string, file: string, text: string): Promise<void> {
  const folder = dirname(file)
  const temporary = join(
    folder,
    `.${basename(file).slice(0, MAX_NAME_LENGTH)}.${randomUUID()}${TEMPORARY_END}`,
  )
  try {
    await mkdir(folder, { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    refuse(named, error)
  }
  await removeAbandoned(folder, file).catch(() => {})
}

/** By the file system's own clock, which need not be this machine's. */
async function removeAbandoned(folder: string, written: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith('.') && name.endsWith(TEMPORARY_END))
  const { mtimeMs: nowMs } = await stat(written)
  for (const path of left.map((name) => join(folder, name))) {
    const { mtimeMs } = await stat(path)
    if (nowMs - mtimeMs > ABANDONED_MS) await rm(path, { force: true })
  }
}

function refuse(file: string, error: unknown): never {
  throw new ResultWriteError(`${file} could not be written: ${cause(error)}`, { cause: error })
}

function cause(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full'
    case 'EACCES':
    case 'EPERM':
      return 'no permission'
    case 'EROFS':
      return 'the file system is read-only'
    case 'EISDIR':
      return 'it is a folder'
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of its path is a file'
    default:
      return (error as Error).message
  }
}
