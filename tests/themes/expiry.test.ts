import { expect, it } from '@jest/globals'
import { download, type FileBody, filesPath, freshText, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'

describeService('a file whose time is over', (service) => {
  const get = (reference: string, init?: RequestInit) =>
    send<FileBody>(service, `${filesPath}/${reference}`, init)
  it('is gone everywhere at once, and its bytes are taken again', async () => {
    const text = freshText()
    const kept = await upload(service, text, {
      fields: { bucket: 'brief', expires_in: '3' },
      name: 'brief.txt',
    })
    const { id, file_hash } = kept.body
    expect(kept.status).toBe(201)
    expect((await get(id)).body).toEqual(kept.body)
    const until = Date.parse(kept.body.expires_at ?? '')
    expect(until).toBeGreaterThan(Date.parse(kept.body.created_at))
    await new Promise((resolve) => setTimeout(resolve, until - Date.now() + 50))

    const inBucket = `${file_hash}?bucket=brief`
    for (const reference of [id, inBucket]) {
      expect(await get(reference)).toBeProblem(404, 'file-not-found')
      expect(await get(reference, { method: 'DELETE' })).toBeProblem(404, 'file-not-found')
      const change = {
        method: 'PUT',
        body: '{"expires_at":null}',
        headers: { 'Content-Type': 'application/json' },
      }
      expect(await get(reference, change)).toBeProblem(404, 'file-not-found')
    }
    expect(await download(service, id)).toBeProblem(404, 'file-not-found')
    for (const query of [
      '?bucket=brief',
      '?bucket=brief&name=brief',
      '?bucket=brief&sort=file_size&count=exact',
    ]) {
      const listed = await send(service, `${filesPath}${query}`)
      expect(listed.body).toEqual([])
      expect(listed.headers.get('x-total-count') ?? '0').toBe('0')
    }
    const again = await upload(service, text, { fields: { bucket: 'brief' } })
    expect(again.status).toBe(201)
    expect((await get(inBucket)).body).toEqual(again.body)

    await service.maintain()
    expect((await get(inBucket)).body).toEqual(again.body)
    expect((await download(service, again.body.id)).bytes.toString()).toBe(text)
    expect(await service.violations()).toEqual([])
  })
})
