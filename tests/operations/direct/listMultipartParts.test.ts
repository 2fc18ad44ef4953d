import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { sendAll } from '../../support/api/direct.ts'
import { describeService } from '../../support/describeService.ts'

describeService('listMultipartParts: a file in parts', (service) => {
  const MIB = 2 ** 20

  it('tells which parts are there, so that its sender can go on', async () => {
    const { id, named } = await sendAll(service, [randomBytes(5 * MIB), randomBytes(100)])
    const { body } = await service.api.get(`/s3/multipart/${id}?key=${id}`)
    expect(body).toEqual(named.map((part, index) => ({ ...part, Size: index === 0 ? 5 * MIB : 100 })))
  })

  it('cannot be asked for with the key of another', async () => {
    const { id } = await sendAll(service, [])
    const answer = await service.api.get(`/s3/multipart/${id}?key=${randomUUID()}`)
    expect(answer).toBeProblem(404, 'upload-not-found')
  })

  it.each([
    ['an id that is none', 'x', 400],
    ['an unknown id', randomUUID(), 404],
    ['an unknown parameter', `${randomUUID()}?parts=1`, 400],
  ])('cannot be asked for with %s', async (_case, target, status) => {
    expect(await service.api.get(`/s3/multipart/${target}`)).toBeProblem(status)
  })
})
