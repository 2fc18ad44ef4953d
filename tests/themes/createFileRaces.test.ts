import { createHash, randomBytes } from 'node:crypto'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  type Answer,
  download,
  type FileBody,
  filesPath,
  freshText,
  putRaw,
  send,
  upload,
} from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { cutBytes } from '../support/volume.ts'

describeService('races', (service) => {
  afterAll(async () => {
    await service.maintain()
    const violations = await service.violations()
    expect(violations).toEqual([])
  })

  /** So often that the requests meet in every order. */
  const rounds = Array.from({ length: 5 }, (_, round) => round)
  const times = <Result>(count: number, work: (index: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)))

  const hashOf = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
  const existing = ({ body }: Answer) => (body as { file: FileBody }).file

  const countBlobs = async (bytes: string | Buffer) => {
    const sha256 = createHash('sha256').update(bytes).digest()
    return (await service.deps.db.selectFrom('blobs').select('id').where('sha256', '=', sha256).execute())
      .length
  }

  describe('uploads of the same bytes at the same time', () => {
    it.each(rounds)('become one file, which the others are shown (round %d)', async (round) => {
      const bytes = round % 4 === 0 ? randomBytes(600_000) : freshText()
      const answers = await times(50, (index) => (index % 2 === 0 ? upload : putRaw)(service, bytes))
      const stored = answers.filter(({ status }) => status === 201)
      expect(stored).toHaveLength(1)
      for (const answer of answers) {
        if (answer.status === 201) continue
        expect(answer).toBeProblem(403, 'file-exists')
        expect(existing(answer)).toEqual(stored[0]?.body)
      }
      expect(await countBlobs(bytes)).toBe(1)
    })

    it.each(rounds)('become as many files of one blob when duplicates are allowed (round %d)', async () => {
      const text = freshText()
      const answers = await times(50, () => putRaw(service, text, { query: '?duplicates=allow' }))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(50)
      expect(await countBlobs(text)).toBe(1)
      const found = await send(service, `${filesPath}/${hashOf(text)}`, { method: 'DELETE' })
      expect(found).toBeProblem(409, 'ambiguous-hash')
    })

    it.each(rounds)('among many others disturb none of them (round %d)', async () => {
      const texts = Array.from({ length: 20 }, () => freshText())
      const answers = await times(100, (index) => putRaw(service, texts[index % 20] ?? ''))
      for (const [first, text] of texts.entries()) {
        const same = answers.filter((_, index) => index % 20 === first)
        const stored = same.filter(({ status }) => status === 201)
        expect(stored).toHaveLength(1)
        const others = same.filter(({ status }) => status !== 201)
        expect(others.map((answer) => existing(answer).id)).toEqual(others.map(() => stored[0]?.body.id))
        expect((await download(service, stored[0]?.body.id ?? '')).bytes.toString()).toBe(text)
      }
    })

    it.each(rounds)('heal a blob that was damaged, once (round %d)', async () => {
      const text = freshText()
      const { body } = await putRaw(service, text)
      const row = await service.deps.db
        .selectFrom('blobs')
        .select('storage_key')
        .where('sha256', '=', Buffer.from(body.file_hash, 'hex'))
        .executeTakeFirstOrThrow()
      await cutBytes(service, row.storage_key, 3)
      const answers = await times(10, () => putRaw(service, text))
      for (const answer of answers) expect(existing(answer).id).toBe(body.id)
      expect((await download(service, body.id)).bytes.toString()).toBe(text)
    })
  })

  describe('an upload while the last file with these bytes is deleted', () => {
    it.each(rounds)(
      'is a file of its own or shows the other, and never loses its bytes (round %d)',
      async () => {
        for (let turn = 0; turn < 4; turn++) {
          const text = freshText()
          const first = await putRaw(service, text)
          const deletion = () => send(service, `${filesPath}/${first.body.id}`, { method: 'DELETE' })
          const [deleted, again] = await Promise.all([deletion(), putRaw(service, text), service.maintain()])
          expect(deleted.status).toBe(201)
          expect([201, 403]).toContain(again.status)
          await service.maintain()
          if (again.status === 201)
            expect((await download(service, again.body.id)).bytes.toString()).toBe(text)
          else expect(existing(again).id).toBe(first.body.id)
          expect((await send(service, `${filesPath}/${first.body.id}`)).status).toBe(404)
        }
      },
    )

    it('among many uploads, deletions and rounds of maintenance keeps every file readable', async () => {
      const texts = Array.from({ length: 5 }, () => freshText())
      let stopped = false
      const maintenance = (async () => {
        while (!stopped) await service.maintain()
      })()
      await times(8, async (caller) => {
        for (let turn = 0; turn < 15; turn++) {
          const text = texts[(caller + turn) % texts.length] ?? ''
          const { status, body } = await putRaw(service, text, { query: '?duplicates=allow' })
          expect(status).toBe(201)
          const { bytes } = await download(service, body.id)
          expect(bytes.toString()).toBe(text)
          expect((await send(service, `${filesPath}/${body.id}`, { method: 'DELETE' })).status).toBe(201)
        }
      })
      stopped = true
      await maintenance
    })
  })

  describe('changes of one file at the same time', () => {
    const change = (id: string, metadata: object, headers: Record<string, string> = {}) =>
      send<FileBody>(service, `${filesPath}/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ metadata }),
      })

    it('succeed once for each version when they are conditional', async () => {
      let latest: Answer<FileBody> = await putRaw(service, freshText())
      for (const round of rounds) {
        const etag = latest.headers.get('etag') ?? ''
        const answers = await times(20, (index) =>
          change(latest.body.id, { round, index }, { 'if-match': etag }),
        )
        const changed = answers.filter(({ status }) => status === 201)
        expect(changed).toHaveLength(1)
        for (const answer of answers)
          if (answer.status !== 201) expect(answer).toBeProblem(412, 'precondition-failed')
        latest = changed[0] ?? latest
        const now = await send<FileBody>(service, `${filesPath}/${latest.body.id}`)
        expect(now.body).toEqual(latest.body)
        expect(now.headers.get('etag')).toBe(latest.headers.get('etag'))
      }
    })

    it('all happen when they are not, and each is shown as it was made', async () => {
      const { body } = await putRaw(service, freshText())
      for (const round of rounds) {
        const answers = await times(12, (index) => change(body.id, { round, index }))
        expect(answers.map((answer) => answer.body.metadata)).toEqual(
          answers.map((_, index) => ({ round, index })),
        )
        expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(12)
      }
    })

    it.each(rounds)('delete it once (round %d)', async () => {
      const { body } = await putRaw(service, freshText())
      const answers = await times(20, () => send(service, `${filesPath}/${body.id}`, { method: 'DELETE' }))
      expect(answers.map(({ status }) => status).sort()).toEqual([
        201,
        ...Array.from({ length: 19 }, () => 404),
      ])
    })

    it.each(rounds)('and a conditional deletion: one of the two wins (round %d)', async () => {
      const { body, headers } = await putRaw(service, freshText())
      const condition = { 'if-match': headers.get('etag') ?? '' }
      const [changed, deleted] = await Promise.all([
        change(body.id, { changed: true }, condition),
        send(service, `${filesPath}/${body.id}`, { method: 'DELETE', headers: condition }),
      ])
      const outcomes = [
        [201, 412],
        [412, 201],
        [404, 201],
      ]
      expect(outcomes).toContainEqual([changed.status, deleted.status])
      expect((await send(service, `${filesPath}/${body.id}`)).status).toBe(deleted.status === 201 ? 404 : 200)
    })
  })
})
