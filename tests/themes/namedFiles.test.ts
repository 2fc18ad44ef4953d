import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { follow, namedLink, putNamed, sendJson } from '../support/named.ts'

describeService('a file put under a name', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const remove = (bucket: string, name: string) =>
    send(service, `/file/${bucket}/${encodeURIComponent(name)}`, { method: 'DELETE' })
  const list = async (bucket: string) =>
    (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)).body.map(({ file_name }) => file_name)
  /** The bytes that a name means now; undefined when it means nothing. */
  async function read(bucket: string, name: string): Promise<string | undefined> {
    const { status, body } = await namedLink(service, bucket, name)
    if (status === 404) return undefined
    return (await follow(service, body.data?.location)).bytes.toString()
  }

  it('leaves files alone that came in other ways, and is found before them', async () => {
    const bucket = fresh()
    await upload(service, 'older', { name: 'a.txt', fields: { bucket } })
    expect(await read(bucket, 'a.txt')).toBe('older')
    await putNamed(service, 'a.txt', 'named', { bucket })
    await upload(service, 'newer', { name: 'a.txt', fields: { bucket } })
    expect(await read(bucket, 'a.txt')).toBe('named')
    expect((await remove(bucket, 'a.txt')).status).toBe(200)
    expect(await read(bucket, 'a.txt')).toBe('newer')
    // A deletion that is repeated takes none of them.
    expect(await remove(bucket, 'a.txt')).toBeProblem(409, 'name-shared')
    expect(await list(bucket)).toEqual(['a.txt', 'a.txt'])
  })

  it('cannot be renamed to a name that another has to itself', async () => {
    const bucket = fresh()
    await putNamed(service, 'a.txt', 'one', { bucket })
    await putNamed(service, 'b.txt', 'two', { bucket })
    const files = (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}&name=a.txt`)).body
    const rename = { file_name: 'b.txt' }
    const answer = await sendJson(service, 'PUT', `${filesPath}/${files[0]?.id}`, rename)
    expect(answer).toBeProblem(409, 'name-taken')
  })

  it('means nothing any more once its file has expired, and may be put again', async () => {
    const bucket = fresh()
    await putNamed(service, 'a.txt', 'short', { bucket, fields: { expires_in: '1' } })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect(await read(bucket, 'a.txt')).toBeUndefined()
    expect((await putNamed(service, 'a.txt', 'again', { bucket })).status).toBe(201)
    expect(await read(bucket, 'a.txt')).toBe('again')
  })
})
