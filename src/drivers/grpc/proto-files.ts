import { readFile, stat } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import protobuf from 'protobufjs'
import descriptors from 'protobufjs/ext/descriptor.js'
import { DialectError } from '../../dialects/dialect.ts'
import type { GrpcOptions } from './options.ts'
import { type GrpcSchema, schemaOf, sourceOf } from './schema.ts'

const FILE_LIMIT_BYTES = 4 * 1024 ** 2
const FILE_LIMIT = 1000

/**
 * Reads the .proto files that a target names, and those that they import. Paths are relative to `directory`. Throws
 * `DialectError` with the key of what cannot be read.
 */
export async function readProtoFiles(options: GrpcOptions, directory: string): Promise<GrpcSchema> {
  const files = (options.proto ?? []).map((file) => resolve(directory, file))
  const folders = (options.import_paths ?? []).map((folder) => resolve(directory, folder))
  for (const [index, folder] of folders.entries()) {
    if (await isA('folder', folder)) continue
    throw fault('there is no such folder', 'Paths are relative to the scenario.', ['import_paths', index])
  }
  const reader = new ProtoReader(directory, [...folders, ...files.map((file) => dirname(file)), directory])
  for (const [index, file] of files.entries()) {
    const at = ['proto', index]
    if (!(await isA('file', file))) {
      throw fault('there is no such file', 'Paths are relative to the scenario.', at)
    }
    await reader.read(file, at)
  }
  try {
    return schemaOf(reader.root, sourceOf(options))
  } catch (error) {
    throw fault(`this schema is not whole: ${(error as Error).message}`, 'Name the missing file, too.', [
      'proto',
    ])
  }
}

type At = readonly (string | number)[]

class ProtoReader {
  readonly root = new protobuf.Root()
  readonly #directory: string
  readonly #folders: readonly string[]
  readonly #seen = new Set<string>()

  constructor(directory: string, folders: readonly string[]) {
    this.#directory = directory
    this.#folders = folders
  }

  async read(file: string, at: At): Promise<void> {
    if (this.#seen.has(file)) return
    this.#seen.add(file)
    const shown = relative(this.#directory, file)
    if (this.#seen.size > FILE_LIMIT) {
      throw fault(`more than ${FILE_LIMIT} files are imported`, 'Name smaller ones.', at)
    }
    if ((await stat(file)).size > FILE_LIMIT_BYTES) {
      throw fault(`${shown} is larger than 4 MiB`, 'Name a .proto file.', at)
    }
    let parsed: protobuf.IParserResult
    try {
      parsed = protobuf.parse(await readFile(file, 'utf8'), this.root, { keepCase: true })
    } catch (error) {
      throw fault(`${shown} does not parse: ${(error as Error).message}`, 'Correct it.', at)
    }
    for (const name of [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])])
      await this.#import(name, shown, at)
  }

  async #import(name: string, from: string, at: At): Promise<void> {
    for (const folder of this.#folders) {
      const file = resolve(folder, name)
      if (await isA('file', file)) return this.read(file, at)
    }
    if (this.#seen.has(name) || addBundled(this.root, name)) {
      this.#seen.add(name)
      return
    }
    throw fault(
      `${from} imports ${name}, which is not found`,
      'Name the folder that it is relative to: `import_paths: [ … ]`.',
      at,
    )
  }
}

/** Adds one of the files that every compiler brings along. False: it is none of them. */
export function addBundled(root: protobuf.Root, name: string): boolean {
  // Custom options refer to it; none of its messages is ever sent.
  if (name === 'google/protobuf/descriptor.proto') {
    const { nested } = (descriptors as unknown as protobuf.Namespace).toJSON()
    root.define('google.protobuf').addJSON(nested ?? {})
    return true
  }
  const bundled = protobuf.common.get(name)
  if (!bundled?.nested) return false
  root.addJSON(bundled.nested)
  return true
}

async function isA(what: 'file' | 'folder', path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return (what === 'file' ? found?.isFile() : found?.isDirectory()) ?? false
}

function fault(message: string, cure: string, at: At): DialectError {
  return new DialectError(message, { cure, at })
}
