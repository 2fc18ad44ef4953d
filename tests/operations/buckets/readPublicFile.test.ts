import { randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { follow, makeBucket, namedLink, putNamed } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('readPublicFile: a public bucket', (service) => {
  const fresh = () => `b-${randomUUID()}`

  it('shows its files to anyone, and lets caches keep them', async () => {
    const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
    const { body } = await putNamed(service, 'a b.txt', 'for all', { bucket })
    expect(body.data.location).toBe(`/public/${bucket}/a%20b.txt`)
    const answer = await follow(service, body.data.location)
    expect([answer.status, answer.body.toString()]).toEqual([200, 'for all'])
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
    expect(answer.headers['cross-origin-resource-policy']).toBe('cross-origin')
    const etag = answer.headers.etag ?? ''
    const again = await follow(service, body.data.location).set('if-none-match', etag)
    expect([again.status, again.headers['cache-control']]).toEqual([304, 'public, max-age=300'])
    const part = await follow(service, body.data.location).set('range', 'bytes=0-2')
    expect([part.status, part.body.toString()]).toEqual([206, 'for'])
    const behind = await follow(service, body.data.location).set('range', 'bytes=99-')
    expect([behind.status, behind.headers['cross-origin-resource-policy']]).toEqual([416, 'cross-origin'])
  })

  it('shows inline what can do no harm, when asked to', async () => {
    const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
    const shown: Record<string, string> = { 'a.txt': 'inline', 'a.html': 'attachment' }
    for (const [name, disposition] of Object.entries(shown)) {
      await putNamed(service, name, name.endsWith('html') ? '<!doctype html><p>x' : 'x', { bucket })
      const link = (await namedLink(service, bucket, name, '?disposition=inline')).body.data.location
      const { headers } = await follow(service, link)
      expect(headers['content-disposition']).toBe(`${disposition}; filename=${name}`)
    }
  })

  it('ignores what other sites append to its address, but not what it knows', async () => {
    const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
    await putNamed(service, 'a.txt', 'for all', { bucket })
    const get = (query: string) => service.api.get(`/public/${bucket}/a.txt?${query}`)
    for (const query of [
      'fbclid=IwAR0x',
      'utm_source=&utm_medium=mail',
      'a[b]=c&a[b]=d',
      'x',
      '%zz',
      '__proto__=1',
      '=&&',
    ])
      expect([query, (await get(query)).status]).toEqual([query, 200])
    const shown = await get('fbclid=x&disposition=inline&gclid=y')
    expect(shown.headers['content-disposition']).toMatch(/^inline/)
    for (const query of ['disposition=evil', 'disposition=', 'disposition=inline&disposition=attachment'])
      expect(await get(`${query}&fbclid=x`)).toBeProblem(400)
  })

  it('lets no cache keep a file longer than it lives', async () => {
    const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public', expires_in: 60 }))
      .body
    const { body } = await putNamed(service, 'a.txt', 'short', { bucket })
    const control = (await follow(service, body.data.location)).headers['cache-control']
    expect(Number(control?.match(/max-age=(\d+)$/)?.[1])).toBeLessThanOrEqual(60)
  })

  it('tells nothing any more once it is private', async () => {
    const { name: bucket } = (await makeBucket(service, fresh(), { visibility: 'public' })).body
    await putNamed(service, 'a.txt', 'for all', { bucket })
    await service.api.patch(`/buckets/${bucket}`).send({ visibility: 'private' })
    const [there, not] = [
      await follow(service, `/public/${bucket}/a.txt`),
      await follow(service, `/public/${bucket}/b.txt`),
    ]
    expect(there).toBeProblem(404, 'file-not-found')
    expect({ ...there.body, request_id: '' }).toEqual({ ...not.body, request_id: '' })
  })
})
