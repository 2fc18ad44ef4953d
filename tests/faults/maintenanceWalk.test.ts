import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type FileBody, filesPath, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { assertProperty } from '../support/property.ts'

/** How long walks are taken. */
const SECONDS = Number(process.env.WALK_SECONDS ?? 4)

describeService(
  'uploads, deletions, expiries and maintenance in any order, also at once',
  { SCAN_SECONDS: '1000' },
  (service) => {
    const contents = [0, 1, 3000, 1_200_000].map((size) => randomBytes(size))

    type Step =
      | { readonly kind: 'upload'; readonly content: number; readonly duplicates: 'allow' | 'refuse' }
      | { readonly kind: 'upload once'; readonly content: number; readonly key: number }
      | { readonly kind: 'delete' | 'expire' | 'update'; readonly pick: number }
      | { readonly kind: 'maintain' }

    const content = fc.nat(contents.length - 1)
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({
        kind: fc.constant('upload' as const),
        content,
        duplicates: fc.constantFrom('allow' as const, 'refuse' as const),
      }),
      fc.record({ kind: fc.constant('upload once' as const), content, key: fc.nat(1) }),
      fc.record({
        kind: fc.constantFrom('delete' as const, 'expire' as const, 'update' as const),
        pick: fc.nat(99),
      }),
      fc.record({ kind: fc.constant('maintain' as const) }),
    )

    /** The files that one bucket must have after these answers. */
    interface Model {
      readonly bucket: string
      /** The content of each live file. */
      readonly live: Map<string, number>
      /** The file that each Idempotency-Key made. */
      readonly made: Map<string, string>
    }

    /** Takes these steps all at once, and remembers what was answered. */
    async function takeTogether(model: Model, steps: readonly Step[]): Promise<void> {
      const before = new Map(model.live)
      const ids = [...before.keys()]
      const target = ({ pick }: { pick: number }) => ids[pick % Math.max(ids.length, 1)]
      const leaving = new Set(steps.filter(isRemoval).flatMap((each) => target(each) ?? []))
      const staying = new Set([...before].flatMap(([id, of]) => (leaving.has(id) ? [] : of)))
      const refusable: number[] = []

      await Promise.all(
        steps.map(async (each) => {
          if (each.kind === 'maintain') return await service.maintain()
          if (each.kind === 'upload once') return await uploadOnce(model, each)
          if (each.kind === 'upload') {
            const answer = await uploadTo(model, each.content, `?duplicates=${each.duplicates}`)
            if (answer.status === 201) model.live.set(answer.body.id, each.content)
            else expect(answer).toBeProblem(403, 'file-exists')
            if (each.duplicates === 'allow') expect(answer.status).toBe(201)
            else if (staying.has(each.content)) expect(answer.status).toBe(403)
            else if (answer.status === 201) refusable.push(each.content)
            return
          }
          const id = target(each)
          if (id !== undefined) await change(model, each.kind, id, leaving.has(id))
        }),
      )
      // Without a removal in between, only one of those who would not share the bytes can have brought them.
      for (const of of refusable) {
        const removed = [...leaving].some((id) => before.get(id) === of)
        if (!removed) expect(refusable.filter((other) => other === of).length).toBe(1)
      }
      if (steps.some(({ kind }) => kind === 'expire')) await sleep(250)
    }

    const isRemoval = (each: Step): each is Step & { kind: 'delete' | 'expire' } =>
      each.kind === 'delete' || each.kind === 'expire'

    const uploadTo = ({ bucket }: Model, of: number, query: string, headers: Record<string, string> = {}) =>
      upload(service, contents[of] ?? '', { query, headers, fields: { bucket } })

    async function uploadOnce(
      model: Model,
      { content: of, key }: { content: number; key: number },
    ): Promise<void> {
      const name = `${model.bucket}-${of}-${key}`
      const answer = await uploadTo(model, of, '?duplicates=allow', { 'idempotency-key': name })
      if (answer.status === 409) return
      expect(answer.status).toBe(201)
      const known = model.made.get(name)
      if (known === undefined) model.live.set(answer.body.id, of)
      else expect(answer.body.id).toBe(known)
      model.made.set(name, answer.body.id)
    }

    async function change(
      { bucket, live }: Model,
      kind: string,
      id: string,
      leaving: boolean,
    ): Promise<void> {
      const path = `${filesPath}/${id}?bucket=${bucket}`
      const expires_at = new Date(Date.now() + 200).toISOString()
      const changes = kind === 'expire' ? { expires_at } : { metadata: { seen: randomUUID() } }
      const { status } = await send(service, path, {
        method: kind === 'delete' ? 'DELETE' : 'PUT',
        ...(kind !== 'delete' && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(changes),
        }),
      })
      if (kind === 'expire' && status === 400) return // by then it was to have expired before
      // Somebody else may have removed it in the same moment.
      if (!(leaving && status === 404)) expect(status).toBe(201)
      if (kind !== 'update') live.delete(id)
    }

    async function expectModel({ bucket, live }: Model): Promise<void> {
      const { body: listed } = await send<FileBody[]>(service, `${filesPath}?limit=1000&bucket=${bucket}`)
      expect(listed.map(({ id }) => id).sort()).toEqual([...live.keys()].sort())
      for (const [id, of] of live) {
        const { bytes } = await send(service, `${filesPath}/${id}/content?bucket=${bucket}`)
        expect(bytes.equals(contents[of] ?? Buffer.alloc(1))).toBe(true)
      }
      expect(await service.violations()).toEqual([])
      await service.maintain()
      const { rows } = await sql<{
        count: number
      }>`select count(*) from blobs where bucket = ${bucket}`.execute(service.deps.db)
      expect(rows).toEqual([{ count: new Set(live.values()).size }])
      expect(await service.violations()).toEqual([])
    }

    it(
      'leave exactly the files that were acknowledged, and no invariant broken',
      async () => {
        const walks = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { maxLength: 8 })
        const takeWalk = async (walk: readonly (readonly Step[])[]) => {
          const model: Model = {
            bucket: `walk-${randomUUID().slice(0, 8)}`,
            live: new Map(),
            made: new Map(),
          }
          for (const steps of walk) await takeTogether(model, steps)
          await expectModel(model)
          for (const id of model.live.keys())
            await send(service, `${filesPath}/${id}?bucket=${model.bucket}`, { method: 'DELETE' })
        }
        await assertProperty(walks, takeWalk, { numRuns: 1000, seconds: SECONDS })
      },
      60_000 + SECONDS * 2000,
    )
  },
)
