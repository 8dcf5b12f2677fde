import { expect, test } from 'vitest'
import { scenarioJsonSchema } from '../../src/scenario/json-schema.ts'
import { cli } from '../e2e/cli.ts'

test('schema prints what the build writes for editors', async () => {
  const { code, stdout, stderr } = await cli(['schema'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual(scenarioJsonSchema())
  expect(JSON.parse(stdout)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
})
