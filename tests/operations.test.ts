import { describe, expect, it } from '@jest/globals'
import { bodiesOf } from '../docs/examples.ts'
import {
  answerComplaints,
  complaints,
  contract,
  examples,
  operations,
  sendExample,
} from './support/examples.ts'
import { startService } from './support/service.ts'

const upload = examples.find(
  ({ operation, name }) => operation.operationId === 'createFile' && name === 'hello',
)

describe('the examples of api/openapi.yaml', () => {
  it.each(examples.map((example) => [example.operation.operationId, example.name, example] as const))(
    '%s answers the example %s as written',
    async (_id, _name, example) => {
      const service = await startService()
      try {
        // Every example but its own upload finds the file hello.txt in place.
        if (upload && example !== upload) expect((await sendExample(service, upload)).status).toBe(201)
        const answer = await sendExample(service, example)
        expect(answer.status).toBe(example.answer.status)
        expect(answerComplaints(example.operation.responses, answer)).toEqual([])
        const json = /json/.test(example.answer.type)
        expect(masked(json ? answer.body : answer.bytes.toString())).toEqual(masked(example.answer.value))
      } finally {
        await service.stop()
      }
    },
  )

  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s has an example, and none of a request without its answer',
    (_id, operation) => {
      const answered = examples.filter((example) => example.operation === operation).map(({ name }) => name)
      expect(answered.length).toBeGreaterThan(0)
      for (const { name } of bodiesOf(contract, operation.requestBody?.content ?? {})) {
        expect(answered).toContain(name)
      }
    },
  )

  it.each(examples.map(({ operation, name, answer }) => [operation.operationId, name, answer] as const))(
    '%s, %s: the written answer fits its schema',
    (_id, _name, answer) => {
      expect(complaints(answer.content.schema, answer.value)).toEqual([])
    },
  )
})

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const VARYING = new Set(['created_at', 'updated_at', 'stored_at', 'version', 'latency_ms'])

/** A body without what differs from run to run: ids, times, versions. */
const masked = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value) => {
      if (VARYING.has(key)) return `<${typeof value}>`
      return typeof value === 'string' ? value.replace(UUID, '<id>') : value
    }),
  )
