import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { follow, namedLink, putNamed } from '../../support/named.ts'

describeService('putFileByName: a form', (service) => {
  const fresh = () => `b-${randomUUID()}`
  /** The bytes that a name means now; undefined when it means nothing. */
  async function read(bucket: string, name: string): Promise<string | undefined> {
    const { status, body } = await namedLink(service, bucket, name)
    if (status === 404) return undefined
    return (await follow(service, body.data?.location)).bytes.toString()
  }

  it('goes into the bucket of the field, else into default', async () => {
    const [bucket, name] = [fresh(), `${randomUUID()}.txt`]
    await putNamed(service, name, 'one', { fields: { bucket } })
    await putNamed(service, name, 'two')
    expect([await read(bucket, name), await read('default', name)]).toEqual(['one', 'two'])
  })
  const post = (fill: (form: FormData) => void, path = '/file') => {
    const form = new FormData()
    fill(form)
    return send(service, path, { method: 'POST', body: form })
  }

  it('without its file is refused in the words clients know', async () => {
    const answer = await post((form) => form.append('bucket', 'default'))
    expect(answer).toBeProblem(400, 'file-missing')
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('File is not provided') })
  })

  it.each([
    ['a bucket that cannot be', 400, (form: FormData) => form.append('bucket', 'NO')],
    ['a part nobody knows', 400, (form: FormData) => form.append('owner', 'me')],
    ['metadata that is no object', 400, (form: FormData) => form.append('metadata', '[]')],
    ['an expiry that is no number', 400, (form: FormData) => form.append('expires_in', 'soon')],
  ])('with %s is refused, and nothing stays', async (_case, status, fill) => {
    const answer = await post((form) => {
      form.append('file', new File(['x'], `${randomUUID()}.txt`))
      fill(form)
    })
    expect(answer).toBeProblem(status)
    expect(await service.violations()).toEqual([])
  })
})
