import { type Answer, type FileBody, filesPath, send } from './client.ts'
import { headerOf } from './headerOf.ts'
import type { TestService } from './service.ts'

/** One page of files. */
export const list = (service: Pick<TestService, 'url'>, query = ''): Promise<Answer<FileBody[]>> =>
  send<FileBody[]>(service, `${filesPath}${query}`)

/** Where the next page is, as the `Link` of a page says; undefined on the last one. */
export const nextPage = (answer: Parameters<typeof headerOf>[0]): string | undefined =>
  /^<([^>]*)>; rel="next"$/.exec(headerOf(answer, 'link') ?? '')?.[1]

/** Walks a list by its links from the first page on. */
export async function* walk(
  service: Pick<TestService, 'url'>,
  query: string,
): AsyncGenerator<FileBody[], void, void> {
  for (let path: string | undefined = `${filesPath}${query}`; path !== undefined; ) {
    const page: Answer<FileBody[]> = await send<FileBody[]>(service, path)
    if (page.status !== 200) throw new Error(`${path} was answered ${page.status}`)
    yield page.body
    path = nextPage(page)
  }
}

/** How a list with this `sort` compares two files. Names are compared by code point, equals by id. */
export function inOrder(sort: string): (one: FileBody, other: FileBody) => number {
  const sign = sort.startsWith('-') ? -1 : 1
  const property = sort.replace('-', '') as 'created_at' | 'file_name' | 'file_size'
  return (one, other) => {
    const [a, b] = [one[property], other[property]]
    const difference =
      typeof a === 'number' ? a - Number(b) : Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
    return sign * (difference || (one.id < other.id ? -1 : Number(one.id > other.id)))
  }
}
