import { beforeEach, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { bodiesOf } from '../../docs/examples.ts'
import { type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import {
  answerComplaints,
  complaints,
  contract,
  examples,
  operations,
  sendExample,
} from '../support/examples.ts'
import { masked } from '../support/masked.ts'

const exampleOf = (id: string, called: string) =>
  examples.find(({ operation, name }) => operation.operationId === id && name === called)
/** What every other example finds in place. */
const first = [exampleOf('createFile', 'hello'), exampleOf('createBucket', 'photos')]
/** Files and buckets that the examples of some operations need. */
const before: Record<string, (typeof first)[number]> = {
  deleteNamedFile: exampleOf('putFileByName', 'hello'),
  listKeys: exampleOf('createKey', 'ci'),
}

// Open, also when an example has made a key.
describeService('the examples of api/openapi.yaml', { AUTH: 'off' }, (service) => {
  beforeEach(async () => {
    const buckets = await send<{ name: string }[]>(service, '/buckets')
    for (const { name } of buckets.body) {
      const { body } = await send<FileBody[]>(service, `${filesPath}?bucket=${name}`)
      for (const { id } of body) await send(service, `${filesPath}/${id}`, { method: 'DELETE' })
      if (name !== 'default') await send(service, `/buckets/${name}`, { method: 'DELETE' })
    }
    await service.maintain()
    // No request does: the row of a key and the entries of the audit stay. The next entry is number 1 again.
    await sql`delete from access_keys`.execute(service.deps.db)
    await sql`truncate audit restart identity`.execute(service.deps.db)
  })

  it.each(examples.map((example) => [example.operation.operationId, example.name, example] as const))(
    '%s answers the example %s as written',
    async (_id, _name, example) => {
      for (const other of [...first, before[example.operation.operationId]])
        if (other && other !== example) expect((await sendExample(service, other)).status).toBe(201)
      const answer = await sendExample(service, example)
      expect(answer.status).toBe(example.answer.status)
      expect(answerComplaints(example.operation.responses, answer)).toEqual([])
      const json = /json/.test(example.answer.type)
      expect(masked(json ? answer.body : answer.bytes.toString())).toEqual(masked(example.answer.value))
    },
  )

  const withContent = operations.filter(({ responses }) => !responses['204'])
  it.each(withContent.map((operation) => [operation.operationId, operation] as const))(
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
