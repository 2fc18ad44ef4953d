import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { follow, namedLink, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('putFileByName: a form', (service) => {
  /** The bytes that a name means now. */
  async function read(bucket: string, name: string): Promise<string> {
    const { body } = await namedLink(service, bucket, name).expect(200)
    return (await follow(service, body.data.location)).body.toString()
  }

  it('goes into the bucket of the field, else into default', async () => {
    const [bucket, name] = [`b-${randomUUID()}`, `${randomUUID()}.txt`]
    await putNamed(service, name, 'one', { fields: { bucket } })
    await putNamed(service, name, 'two')
    expect([await read(bucket, name), await read('default', name)]).toEqual(['one', 'two'])
  })

  it('without its file is refused in the words clients know', async () => {
    const answer = await service.api.post('/file').field('bucket', 'default')
    expect(answer).toBeProblem(400, 'file-missing')
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('File is not provided') })
  })

  it.each([
    ['a bucket that cannot be', 400, 'bucket', 'NO'],
    ['metadata that is no object', 400, 'metadata', '[]'],
    ['an expiry that is no number', 400, 'expires_in', 'soon'],
  ])('with %s is refused, and nothing stays', async (_case, status, field, value) => {
    const file = Buffer.from('x')
    const answer = await service.api
      .post('/file')
      .attach('file', file, `${randomUUID()}.txt`)
      .field(field, value)
    expect(answer).toBeProblem(status)
    expect(await service.violations()).toEqual([])
  })
})
