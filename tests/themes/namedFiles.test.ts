import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { eventually } from '../support/eventually.ts'
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

  /** Puts a file under a name. Returns the id of the file. */
  async function put(bucket: string, name: string, fields: Readonly<Record<string, string>> = {}) {
    await putNamed(service, 'x.txt', name, { bucket, fields: { ...fields, file_name: name } })
    const files = (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)).body
    return files.find(({ file_name }) => file_name === name)?.id ?? ''
  }
  const change = (id: string, changes: object) =>
    sendJson<FileBody>(service, 'PUT', `${filesPath}/${id}`, changes)

  it.each([
    ['keeps its folders when its own name is sent back', 'dir/sub/a.txt', 'dir/sub/a.txt'],
    ['is renamed within its folder', 'dir/sub/b.txt', 'dir/sub/b.txt'],
    ['moves to another folder', 'other/a.txt', 'other/a.txt'],
    ['moves out of all folders', 'a.txt', 'a.txt'],
    ['gets its name composed', 'other/e\u0301.txt', 'other/\u00e9.txt'],
  ])('%s', async (_case, sent, name) => {
    const bucket = fresh()
    const id = await put(bucket, 'dir/sub/a.txt')
    const { status, body } = await change(id, { file_name: sent, metadata: { reviewed: true } })
    expect([status, body.file_name, body.metadata]).toEqual([201, name, { reviewed: true }])
    expect(await read(bucket, name)).toBe('dir/sub/a.txt')
    expect((await putNamed(service, 'x', 'new', { bucket, fields: { file_name: name } })).status).toBe(201)
    expect(await list(bucket)).toEqual([name])
  })

  it('takes over the name of a file that has expired, once', async () => {
    const bucket = fresh()
    await put(bucket, 'old.txt', { expires_in: '1' })
    const ids = await Promise.all(Array.from({ length: 8 }, (_, index) => put(bucket, `${index}.txt`)))
    await eventually(async () => expect(await read(bucket, 'old.txt')).toBeUndefined())
    const answers = await Promise.all(ids.map((id) => change(id, { file_name: 'old.txt' })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(7).fill(409)])
    const winner = answers.findIndex(({ status }) => status === 201)
    expect(await read(bucket, 'old.txt')).toBe(`${winner}.txt`)
    await service.maintain()
    expect(await read(bucket, 'old.txt')).toBe(`${winner}.txt`)
    expect(await service.violations()).toEqual([])
  })

  it('has its name to itself when others are renamed to it and put under it at once', async () => {
    for (let round = 0; round < 10; round++) {
      const bucket = fresh()
      const ids = await Promise.all(['b.txt', 'c.txt', 'd.txt'].map((name) => put(bucket, name)))
      const answers = await Promise.all([
        ...ids.map((id) => change(id, { file_name: 'a.txt' })),
        ...['one', 'two'].map((text) => putNamed(service, 'a.txt', text, { bucket })),
      ])
      expect([201, 404, 409]).toEqual(expect.arrayContaining(answers.map(({ status }) => status)))
      expect((await list(bucket)).filter((name) => name === 'a.txt')).toEqual(['a.txt'])
    }
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
