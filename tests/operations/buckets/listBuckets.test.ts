import { expect, it } from '@jest/globals'
import { makeBucket } from '../../support/api/named.ts'
import { describeService } from '../../support/describeService.ts'

describeService('listBuckets', (service) => {
  it('leads through all of them in the order of their names', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `list-${index}`)
    for (const name of names.toReversed()) await makeBucket(service, name)
    const seen: string[] = []
    for (let path: string | undefined = '/buckets?limit=2&after=list-'; path; ) {
      const page: { body: { name: string }[]; headers: Record<string, string> } = await service.api.get(path)
      expect(page.body.length).toBeLessThanOrEqual(2)
      seen.push(...page.body.map(({ name }) => name))
      path = /<(.*)>; rel="next"/.exec(page.headers.link ?? '')?.[1]
    }
    expect(seen).toEqual(names)
  })

  it.each(['limit=0', 'limit=1001', 'limit=x', 'after=a&after=b', 'sort=name'])(
    'refuses %s',
    async (query) => {
      expect(await service.api.get(`/buckets?${query}`)).toBeProblem(400)
    },
  )
})
