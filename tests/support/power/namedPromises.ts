import { randomBytes, randomInt } from 'node:crypto'
import { send } from '../client.ts'
import { sha256 } from '../direct.ts'
import { follow, namedLink, putNamed } from '../named.ts'
import type { Promises } from './promises.ts'

type Service = { readonly url: string }

const BUCKET = 'names'
const NAMES = 4

/** Files that are put under a name in place of others, and removed. */
export function createNamedPromises(): Promises {
  /** The hashes that the file of a name may have, `undefined` for none: the last one acknowledged, and those asked for since. */
  const names = new Map<string, Set<string | undefined>>()
  let count = 0

  async function replace(service: Service, name: string, bytes: Buffer | undefined): Promise<void> {
    const hash = bytes && sha256(bytes)
    const possible = names.get(name) ?? new Set([undefined])
    names.set(name, possible.add(hash))
    const { status } = bytes
      ? await putNamed(service, name, bytes, { bucket: BUCKET })
      : await send(service, `/file/${BUCKET}/${name}`, { method: 'DELETE' })
    const done = bytes ? status === 201 : status === 200 || status === 404
    if (!done) return
    names.set(name, new Set([hash]))
    count += 1
  }

  return {
    count: () => count,
    async make(service) {
      const bytes = randomInt(4) === 0 ? undefined : randomBytes(randomInt(1, 100_000))
      await replace(service, `name-${randomInt(NAMES)}.bin`, bytes)
    },
    async compare(service) {
      const broken: string[] = []
      for (const [name, possible] of names) {
        const { status, body } = await namedLink(service, BUCKET, name)
        const file = status === 200 ? await follow(service, body.data?.location) : undefined
        const found = file && sha256(file.bytes)
        if (status !== 404 && file?.status !== 200) broken.push(`${name}: ${status}, then ${file?.status}`)
        else if (!possible.has(found))
          broken.push(`${name}: ${found ?? 'no file'} instead of ${[...possible]}`)
        names.set(name, new Set([found]))
      }
      return broken
    },
    finish: async () => {},
  }
}
