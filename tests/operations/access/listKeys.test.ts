import { expect, it } from '@jest/globals'
import { closed, holding, makeKey, rootKey } from '../../support/api/keys.ts'
import { describeService } from '../../support/describeService.ts'

interface Page {
  readonly body: readonly { readonly id: string; readonly name: string }[]
  readonly headers: Readonly<Record<string, string>>
}

describeService('listKeys', closed, (service) => {
  async function namesFrom(first: string, key: string): Promise<string[]> {
    const names: string[] = []
    for (let path: string | undefined = first; path; ) {
      const { body, headers }: Page = await holding(service, key).api.get(path).expect(200)
      expect(body.length).toBeLessThanOrEqual(2)
      names.push(...body.map(({ name }) => name))
      path = /<(.*)>; rel="next"/.exec(headers.link ?? '')?.[1]
    }
    return names
  }

  it('leads through all keys in the order of the code points of their names', async () => {
    const names = ['B', 'a b&c', 'b', 'é', '🔑']
    for (const name of names.toReversed()) await makeKey(service, { name })
    expect(await namesFrom('/keys?limit=2', rootKey)).toEqual(names)
  })

  it('leads an admin of a part through the keys of that part', async () => {
    const part = await makeKey(service, {
      name: 'part',
      scopes: ['admin'],
      buckets: ['part-*', 'p'],
      prefix: 'x/',
    })
    const inside = [
      { name: 'part 1', buckets: ['part-a', 'part-*-b', 'p'], prefix: 'x/y' },
      { name: 'part 2', buckets: ['part-*'], prefix: 'x/' },
    ]
    const outside = [
      { name: 'part 3', buckets: ['part-a', 'other'], prefix: 'x/' },
      { name: 'part 4', buckets: ['part-a'], prefix: 'x' },
      { name: 'part 5', buckets: ['part*'], prefix: 'x/' },
      { name: 'part 6', buckets: ['pp'], prefix: 'x/' },
    ]
    for (const fields of [...inside, ...outside]) await makeKey(service, fields)
    expect(await namesFrom('/keys?limit=1', part.key)).toEqual(['part', 'part 1', 'part 2'])
  })

  it('shows keys that were revoked, and none of it may be kept without asking again', async () => {
    const { id } = await makeKey(service, { name: 'z revoked' })
    await holding(service, rootKey).api.delete(`/keys/${id}`).expect(204)
    const { body, headers } = await holding(service, rootKey).api.get('/keys?after=z')
    expect(body[0]).toMatchObject({ id, revoked_at: expect.any(String) })
    expect(headers['cache-control']).toBe('private, no-cache')
  })

  it.each(['limit=0', 'limit=1001', 'limit=x', 'after=', 'after=a&after=b', 'after=%00', 'sort=name'])(
    'refuses %s',
    async (query) => {
      expect(await holding(service, rootKey).api.get(`/keys?${query}`)).toBeProblem(400)
    },
  )
})
