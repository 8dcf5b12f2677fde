import { type FileHandle, open } from 'node:fs/promises'
import { z } from 'zod'
import { MOST_ITEMS } from './bounded.ts'
import { caseSchema, type Result, resultSchema, SCHEMA_VERSION } from './document.ts'
import { jsonErrorPlace } from './json-place.ts'

const MIB = 2 ** 20
const MAX_BYTES = 256 * MIB
const MOST_ISSUES_TOLD = 5

/** A result file that is missing, damaged, or not a result. Says which file, and where in it. */
export class ResultError extends Error {
  readonly exitCode = 104

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ResultError'
  }
}

/**
 * Reads a stored result. Its histograms stay encoded; they are checked when they are decoded.
 * `maxBytes`: files larger than this are refused unread. Throws `ResultError`.
 */
export async function readResult(file: string, maxBytes = MAX_BYTES): Promise<Result> {
  const document = parse(file, await readText(file, maxBytes))
  checkVersion(file, document)
  const { cases, ...envelope } = check(file, envelopeSchema, document)
  // Case by case: the first that is wrong ends it, however many more there are.
  return { ...envelope, cases: cases.map((item, index) => check(file, caseSchema, item, ['cases', index])) }
}

const envelopeSchema = resultSchema.extend({ cases: z.array(z.unknown()).max(MOST_ITEMS) })

function check<T extends z.ZodType>(
  file: string,
  schema: T,
  value: unknown,
  path: PropertyKey[] = [],
): z.infer<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues
  const told = issues
    .slice(0, MOST_ISSUES_TOLD)
    .map((issue) => `  ${pathText([...path, ...issue.path])}: ${issue.message}`)
  if (issues.length > told.length) told.push(`  … and ${issues.length - told.length} more`)
  throw new ResultError(`${file}: not a result of infer-bench\n${told.join('\n')}`)
}

async function readText(file: string, maxBytes: number): Promise<string> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file, 'r')
    const stat = await handle.stat()
    if (!stat.isFile()) throw new ResultError(`${file}: not a file`)
    if (stat.size > maxBytes) {
      throw new ResultError(
        `${file}: ${Math.ceil(stat.size / MIB)} MiB is more than a result may have (${maxBytes / MIB} MiB)`,
      )
    }
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof ResultError) throw error
    throw new ResultError(`${file}: ${cause(error)}`, { cause: error })
  } finally {
    await handle?.close()
  }
}

function cause(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it'
  return (error as Error).message
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const place = jsonErrorPlace(text)
    const at = place ? `:${place.line}:${place.column}` : ''
    const end = text.trim() === '' ? 'the file is empty' : 'damaged JSON'
    throw new ResultError(`${file}${at}: ${end}`, { cause: error })
  }
}

const versioned = z.object({ schema_version: z.string().regex(/^\d{1,9}\.\d{1,9}$/) })

function checkVersion(file: string, document: unknown): void {
  const parsed = versioned.safeParse(document)
  if (!parsed.success) throw new ResultError(`${file}: not a result of infer-bench: it has no schema_version`)
  const version = parsed.data.schema_version
  const major = Number.parseInt(version, 10)
  const ownMajor = Number.parseInt(SCHEMA_VERSION, 10)
  if (major === ownMajor) return
  const made =
    major > ownMajor ? 'made by a newer infer-bench; update this one' : 'made by an infer-bench too old'
  throw new ResultError(`${file}: ${made} (its schema is ${version}, this one reads ${ownMajor}.x)`)
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document'
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('')
}
