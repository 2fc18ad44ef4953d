import { expect, it } from '@jest/globals'
import { send } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { type Bucket, makeBucket } from '../../support/named.ts'

describeService('listBuckets', (service) => {
  it('leads through all of them in the order of their names', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `list-${index}`)
    for (const name of names.toReversed()) await makeBucket(service, name)
    const seen: string[] = []
    let path: string | undefined = '/buckets?limit=2&after=list-'
    while (path) {
      const page: Awaited<ReturnType<typeof send<Bucket[]>>> = await send<Bucket[]>(service, path)
      expect(page.body.length).toBeLessThanOrEqual(2)
      seen.push(...page.body.map(({ name }) => name))
      path = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual(names)
  })
})
