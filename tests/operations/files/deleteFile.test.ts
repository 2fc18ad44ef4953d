import { expect, it } from '@jest/globals'
import { download, upload } from '../../support/api/files.ts'
import { filesPath, freshText } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'

describeService('deleteFile', (service) => {
  const remove = (reference: string, headers: Readonly<Record<string, string>> = {}) =>
    service.api.delete(`${filesPath}/${reference}`).set(headers)
  const get = (reference: string) => service.api.get(`${filesPath}/${reference}`)
  const list = (query: string) => service.api.get(`${filesPath}${query}`)

  it('says which file it deleted, in JSON', async () => {
    const { body } = await upload(service, freshText(), { name: 'Größe "L".txt' })
    const answer = await remove(body.id)
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.body).toBe(`File ${body.file_name} deleted!`)
  })

  it.each(['id', 'file_hash', 'file_sha1', 'file_md5'] as const)(
    'makes a file found by its %s invisible everywhere',
    async (property) => {
      const bucket = `gone-${property.replace('_', '-')}`
      const { body } = await upload(service, freshText(), { fields: { bucket } })
      const inBucket = (reference: string) => `${reference}?bucket=${bucket}`
      expect((await remove(inBucket(body[property]))).status).toBe(201)
      for (const reference of [body.id, body.file_hash, body.file_sha1, body.file_md5]) {
        expect(await get(inBucket(reference))).toBeProblem(404, 'file-not-found')
        expect(await remove(inBucket(reference))).toBeProblem(404, 'file-not-found')
        expect(await service.api.get(`${filesPath}/${reference}/content?bucket=${bucket}`)).toBeProblem(404)
      }
      const listed = await list(`?bucket=${bucket}&count=exact`)
      expect([listed.body, listed.headers['x-total-count']]).toEqual([[], '0'])
    },
  )

  it('is remembered in the list of deleted files until it is forgotten', async () => {
    const kept = await upload(service, freshText(), { fields: { bucket: 'bin' } })
    const { body } = await upload(service, freshText(), { fields: { bucket: 'bin' } })
    await remove(body.id)
    const { body: deleted } = await list('?bucket=bin&deleted=true')
    expect(deleted).toEqual([
      { ...body, status: 'deleted', deleted_at: expect.any(String), updated_at: deleted[0]?.deleted_at },
    ])
    expect(Date.parse(deleted[0]?.deleted_at ?? '')).toBeGreaterThanOrEqual(Date.parse(body.created_at))
    expect((await list('?bucket=bin&status=deleted')).body).toEqual(deleted)
    expect((await list('?bucket=bin&deleted=false')).body).toEqual([kept.body])

    await service.maintain()
    expect((await list('?bucket=bin&deleted=true')).body).toEqual([])
    expect((await list('?bucket=bin')).body).toEqual([kept.body])
  })

  it('leaves other files with the same bytes alone', async () => {
    const text = freshText()
    const first = (await upload(service, text)).body
    const second = (await upload(service, text, { query: '?duplicates=allow' })).body
    const elsewhere = (await upload(service, text, { fields: { bucket: 'elsewhere' } })).body
    expect((await remove(first.id)).status).toBe(201)
    await service.maintain()
    for (const file of [second, elsewhere]) {
      expect((await get(file.id)).body).toEqual(file)
      expect((await download(service, file.id)).body.toString()).toBe(text)
    }
    expect((await remove(second.file_hash)).status).toBe(201)
    await service.maintain()
    expect((await download(service, elsewhere.id)).body.toString()).toBe(text)
    expect(await service.violations()).toEqual([])
  })

  it('deletes once when asked many times at once', async () => {
    const { body } = await upload(service, freshText())
    const answers = await Promise.all(Array.from({ length: 8 }, () => remove(body.id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(404)])
  })

  it('with If-Match deletes only what the client knows', async () => {
    const { body, headers } = await upload(service, freshText())
    const etag = headers.etag ?? ''
    for (const condition of ['"x"', `W/${etag}`, `"${body.file_hash}"`])
      expect(await remove(body.id, { 'If-Match': condition })).toBeProblem(412, 'precondition-failed')
    const changed = await service.api
      .put(`${filesPath}/${body.id}`)
      .type('json')
      .send('{"file_name":"changed"}')
    expect(await remove(body.id, { 'If-Match': etag })).toBeProblem(412, 'precondition-failed')
    expect((await get(body.id)).body).toEqual(changed.body)
    expect((await remove(body.id, { 'If-Match': changed.headers.etag ?? '' })).status).toBe(201)
    const other = await upload(service, freshText())
    expect((await remove(other.body.id, { 'If-Match': '*' })).status).toBe(201)
  })

  it('answers 404 before it judges a condition', async () => {
    expect(await remove('0'.repeat(64), { 'If-Match': '"x"' })).toBeProblem(404, 'file-not-found')
  })

  it('refuses a hash that several files have, and names them, newest first', async () => {
    const text = freshText()
    const one = (await upload(service, text)).body
    const two = (await upload(service, text, { query: '?duplicates=allow' })).body
    for (const hash of [one.file_hash, one.file_sha1, one.file_md5]) {
      const refused = await remove(hash)
      expect(refused).toBeProblem(409, 'ambiguous-hash')
      expect(refused.body).toMatchObject({ ids: [two.id, one.id] })
    }
    expect((await remove(one.id)).status).toBe(201)
    expect((await remove(one.file_hash)).status).toBe(201)
    expect(await get(two.id)).toBeProblem(404)
  })

  it.each([
    ['a bucket in capitals', '?bucket=Photos', {}, 400],
    ['an unknown parameter', '?force=1', {}, 400],
    ['a client that takes no JSON', '', { Accept: 'text/html' }, 406],
  ])('refuses %s and deletes nothing', async (_case, query, headers, status) => {
    const { body } = await upload(service, freshText())
    expect(await remove(`${body.id}${query}`, headers)).toBeProblem(status)
    expect((await get(body.id)).body).toEqual(body)
  })
})
