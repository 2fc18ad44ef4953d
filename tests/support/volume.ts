import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestService } from './service.ts'

/** Where the service keeps its bytes. */
export const volumeOf = ({ dataDirectory }: Pick<TestService, 'dataDirectory'>) =>
  join(dataDirectory, 'volume')

/** The names of unfinished bytes. */
export const unfinished = (service: Pick<TestService, 'dataDirectory'>): Promise<string[]> =>
  readdir(join(volumeOf(service), 'tmp'))

/** The unfinished files that this process holds open; none where the system does not tell. */
export async function openUnfinished(service: Pick<TestService, 'dataDirectory'>): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(
    descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  )
  return targets.filter((target) => target.startsWith(join(volumeOf(service), 'tmp', '/')))
}
