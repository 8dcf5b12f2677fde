// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** Inputs that are nearly right: good ones, with a few things changed. */

import fc from 'fast-check'

/** Keys and words that have a meaning to JavaScript, to terminals or to parsers. */
const WORDS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '\u001b[31m',
  '\u202e',
  '\0',
  '\ud800',
  '${env:SECRET}',
  '[DONE]',
  '',
  ' ',
] as const

/** JSON values where a parser does not expect them. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    -0,
    2 ** 31,
    2 ** 53,
    1e308,
    -1e308,
    Number.MIN_VALUE,
    [],
    {},
    [[]],
    [null],
    { toString: 1, valueOf: 1 },
    { length: 1e9 },
    { b64: '' },
  ),
  fc.constantFrom(...WORDS),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
  fc.integer({ min: 1, max: 3000 }).map(nested),
)

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 7 === 0 ? { a: value } : [value]
  return value
}

type Path = readonly (string | number)[]

function pathsOf(tree: unknown, path: Path = []): Path[] {
  if (tree === null || typeof tree !== 'object') return [path]
  return [path, ...Object.entries(tree).flatMap(([key, value]) => pathsOf(value, [...path, key]))]
}

interface TreeEdit {
  at: number
  what: 'replace' | 'remove' | 'rename' | 'add' | 'repeat'
  key: string
  value: unknown
}

const treeEdit: fc.Arbitrary<TreeEdit> = fc.record({
  at: fc.nat(),
  what: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'add', 'repeat'),
  key: fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 })),
  value: odd,
})

/** A JSON value like one of those given, with one to three of its parts changed. */
export function changedTree(...trees: readonly unknown[]): fc.Arbitrary<unknown> {
  const good = trees.map((tree) => ({ tree, paths: pathsOf(tree) }))
  return fc
    .tuple(fc.constantFrom(...good), fc.array(treeEdit, { minLength: 1, maxLength: 3 }))
    .map(([{ tree, paths }, edits]) =>
      edits.reduce((now, edit) => edited(now, paths[edit.at % paths.length]!, edit), tree),
    )
}

/** Copies what lies on the path, and shares the rest. */
function edited(tree: unknown, [key, ...rest]: Path, edit: TreeEdit): unknown {
  if (key === undefined) return edit.what === 'add' ? withKey(tree, edit.key, edit.value) : edit.value
  // An edit before this one may have taken away what the path leads through.
  if (tree === null || typeof tree !== 'object' || !Object.hasOwn(tree, key)) return tree
  const value = (tree as Record<string, unknown>)[key]
  if (rest.length > 0) return withKey(tree, key, edited(value, rest, edit))
  switch (edit.what) {
    case 'replace':
      return withKey(tree, key, edit.value)
    case 'add':
      return withKey(tree, key, withKey(value, edit.key, edit.value))
    case 'repeat':
      return Array.isArray(tree) ? [...tree, value] : withKey(tree, edit.key, value)
    case 'remove':
      return without(tree, key)
    case 'rename':
      return Array.isArray(tree) ? tree : withKey(without(tree, key), edit.key, value)
  }
}

function withKey(holder: unknown, key: string | number, value: unknown): unknown {
  if (Array.isArray(holder)) {
    const copy: unknown[] = [...holder]
    if (Number(key) <= copy.length) copy[Number(key)] = value
    else copy.push(value)
    return copy
  }
  if (holder === null || typeof holder !== 'object') return value
  const copy = { ...holder }
  return Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true })
}

function without(holder: object, key: string | number): unknown {
  if (Array.isArray(holder)) return holder.filter((_, index) => index !== Number(key))
  return Object.fromEntries(Object.entries(holder).filter(([name]) => name !== key))
}

interface ByteEdit {
  what: 'flip' | 'write' | 'insert' | 'remove' | 'repeat' | 'cut'
  at: number
  count: number
  bytes: Uint8Array
}

const extremes = [0x00000000, 0x7fffffff, 0xffffffff, 0x80000000, 0x00ffffff].map((word) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(word)
  return bytes as Uint8Array
})

const byteEdit: fc.Arbitrary<ByteEdit> = fc.record({
  what: fc.constantFrom('flip', 'flip', 'write', 'write', 'insert', 'remove', 'repeat', 'cut'),
  at: fc.nat(),
  count: fc.integer({ min: 1, max: 40 }),
  bytes: fc.oneof(
    fc.constantFrom(...extremes),
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(...WORDS).map((word) => Buffer.from(word) as Uint8Array),
  ),
})

/** Bytes like those given, with one to four of their places changed; sometimes any bytes at all. */
export function changedBytes(...good: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const changed = fc
    .tuple(fc.constantFrom(...good), fc.array(byteEdit, { minLength: 1, maxLength: 4 }))
    .map(([bytes, edits]) => edits.reduce(editedBytes, Buffer.from(bytes)))
  const any = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
  return fc.oneof({ arbitrary: changed, weight: 6 }, { arbitrary: any, weight: 1 })
}

function editedBytes(now: Buffer, { what, at, count, bytes }: ByteEdit): Buffer {
  const place = at % (now.length + 1)
  const before = now.subarray(0, place)
  switch (what) {
    case 'flip': {
      const copy = Buffer.from(now)
      if (place < copy.length) copy[place]! ^= 1 << (count % 8)
      return copy
    }
    case 'write':
      return Buffer.concat([before, bytes, now.subarray(place + bytes.length)])
    case 'insert':
      return Buffer.concat([before, bytes, now.subarray(place)])
    case 'remove':
      return Buffer.concat([before, now.subarray(place + count)])
    case 'repeat':
      return Buffer.concat([now.subarray(0, place + count), now.subarray(place)])
    case 'cut':
      return before
  }
}

/** Text like those given, changed as bytes are, in characters. */
export function changedText(...good: readonly string[]): fc.Arbitrary<string> {
  const changed = changedBytes(...good.map((text) => Buffer.from(text)))
  const any = fc.string({ unit: 'binary', maxLength: 40 })
  return fc.oneof(
    { arbitrary: changed.map((bytes) => bytes.toString('utf8')), weight: 5 },
    { arbitrary: any, weight: 1 },
  )
}

/** The JSON of a changed tree, or JSON that is changed as text. */
export function changedJson(...trees: readonly unknown[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: changedTree(...trees).map((tree) => JSON.stringify(tree) ?? 'null'), weight: 40 },
    { arbitrary: changedText(...trees.map((tree) => JSON.stringify(tree))), weight: 16 },
    { arbitrary: fc.integer({ min: 1, max: 20_000 }).map((depth) => '['.repeat(depth)), weight: 1 },
  )
}

/** Where to cut a text or bytes into pieces. */
export const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 })

/** Pieces that together are the whole; some may be empty. */
export function pieces(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length]
  return places.slice(1).map((end, index) => whole.subarray(places[index]!, end))
}
