import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { bodiesOf } from '../docs/examples.ts'
import { type FileBody, filesPath, send } from './support/client.ts'
import {
  answerComplaints,
  complaints,
  contract,
  examples,
  operations,
  sendExample,
} from './support/examples.ts'
import { masked } from './support/masked.ts'
import { startService, type TestService } from './support/service.ts'

const hello = examples.find(
  ({ operation, name }) => operation.operationId === 'createFile' && name === 'hello',
)

let service: TestService
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())
beforeEach(async () => {
  const { body } = await send<FileBody[]>(service, filesPath)
  for (const { id } of body) await send(service, `${filesPath}/${id}`, { method: 'DELETE' })
  await service.maintain()
})

describe('the examples of api/openapi.yaml', () => {
  it.each(examples.map((example) => [example.operation.operationId, example.name, example] as const))(
    '%s answers the example %s as written',
    async (_id, _name, example) => {
      // Every example but its own upload finds the file hello.txt in place.
      if (hello && example !== hello) expect((await sendExample(service, hello)).status).toBe(201)
      const answer = await sendExample(service, example)
      expect(answer.status).toBe(example.answer.status)
      expect(answerComplaints(example.operation.responses, answer)).toEqual([])
      const json = /json/.test(example.answer.type)
      expect(masked(json ? answer.body : answer.bytes.toString())).toEqual(masked(example.answer.value))
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

  it.each(examples.map((example) => [example.operation.operationId, example.name, example] as const))(
    '%s, %s: the written request and answer fit their schemas',
    (_id, _name, { parameters, body, answer }) => {
      for (const { parameter, value } of parameters) expect(complaints(parameter.schema, value)).toEqual([])
      if (body) expect(complaints(body.content.schema, body.value)).toEqual([])
      expect(complaints(answer.content.schema, answer.value)).toEqual([])
    },
  )
})
