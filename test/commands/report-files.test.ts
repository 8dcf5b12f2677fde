import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reportFiles } from '../../src/commands/report-files.ts'
import type { Format } from '../../src/report/formats.ts'

function formatOf(...names: string[][]): Format {
  return {
    name: 'parted',
    extension: 'part',
    render: () => 'all',
    parts: () => names.map((name, index) => ({ name, text: String(index) })),
  }
}

function filesOf(file: string, ...names: string[][]) {
  return reportFiles(formatOf(...names), [], file, () => 'all')
}

test('several parts stand beside the file that was asked for, under what they are about', async () => {
  expect(await filesOf('out/x.hgrm', ['rest ×8', 'latency'], ['chat', 'latency'])).toEqual([
    { file: join('out', 'x.rest-8.latency.hgrm'), text: '0' },
    { file: join('out', 'x.chat.latency.hgrm'), text: '1' },
  ])
})

test('one part has the name that was asked for, and none leaves what the whole report says', async () => {
  expect(await filesOf('x.hgrm', ['rest'])).toEqual([{ file: 'x.hgrm', text: 'all' }])
  expect(await filesOf('x.hgrm')).toEqual([{ file: 'x.hgrm', text: 'all' }])
})

test('a folder has a file for each part, even for one', async () => {
  expect(await filesOf('out/', ['rest', 'latency'])).toEqual([
    { file: join('out', 'rest.latency.part'), text: '0' },
  ])
})

test('a device gets all of it', async () => {
  expect(await filesOf('/dev/null', ['a'], ['b'])).toEqual([{ file: '/dev/null', text: 'all' }])
})

test('no name leads elsewhere, is too long for a file system, or is that of another part', async () => {
  const names = fc.array(
    fc.tuple(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom(
          '..',
          '../..',
          '/etc/passwd',
          'a',
          'A',
          'ａ',
          '',
          '\u0000',
          'a/b',
          'a\\b',
          'é',
          'e\u0301',
          'CON',
        ),
        fc.constant('推'.repeat(200)),
      ),
      fc.constantFrom('request_latency', 'time_to_first_token'),
    ),
    { minLength: 2, maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(names, async (parts) => {
      const files = (await filesOf('out/x.hgrm', ...parts)).map(({ file }) => file)
      expect(files).toHaveLength(parts.length)
      expect(new Set(files.map((file) => file.normalize('NFC').toLowerCase())).size).toBe(files.length)
      for (const file of files) {
        expect(dirname(file)).toBe('out')
        expect(Buffer.byteLength(file)).toBeLessThan(200)
        expect(file).not.toMatch(/[\p{C}<>:"|?*\\\s]/u)
        expect(file).toMatch(/^out\/x\.(.+\.)?(request_latency|time_to_first_token)(-\d+)?\.hgrm$/)
      }
    }),
  )
})
