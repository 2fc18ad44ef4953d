import { readdirSync } from 'node:fs'
import { expect, it } from '@jest/globals'

/** The files below a folder of the repository, as `<tag>/<operationId>`. */
const operationsIn = (folder: string, ending: string) =>
  readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.includes('/') && path.endsWith(ending))
    .map((path) => path.slice(0, -ending.length))
    .toSorted()

it('Every operation has a test file of its own, beside those of its tag', () => {
  expect(operationsIn('tests/operations', '.test.ts')).toEqual(operationsIn('src/handlers', '.ts'))
})
