import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { completeMultipart, sendAll, sendPart, setStatus } from '../../support/api/direct.ts'
import { download } from '../../support/api/files.ts'
import { makeBucket } from '../../support/api/named.ts'
import { filesPath } from '../../support/client.ts'
import { describeService } from '../../support/describeService.ts'
import { gif, sha256 } from '../../support/direct.ts'

describeService('completeMultipartUpload: a file in parts', (service) => {
  const MIB = 2 ** 20
  const pieces = (bytes: Buffer, size: number) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )

  it('is put together when its sender says so', async () => {
    const bytes = randomBytes(11 * MIB + 7)
    const { id, named } = await sendAll(service, pieces(bytes, 5 * MIB), {
      sha256: sha256(bytes),
      file_size: bytes.length,
    })
    expect((await service.api.get(`${filesPath}/${id}`)).status).toBe(404)
    const { status, body } = await completeMultipart(service, id, named.toReversed())
    expect([status, body]).toEqual([
      200,
      { location: `${filesPath}/${id}/content`, key: id, bucket: 'default' },
    ])
    const file = await service.api.get(`${filesPath}/${id}`)
    expect(file.body).toMatchObject({ file_hash: sha256(bytes), file_name: 'a.bin', file_size: bytes.length })
    expect((await download(service, id)).body.equals(bytes)).toBe(true)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('is the same file when it is completed again, or fifty times at once', async () => {
    const { id, named } = await sendAll(service, [randomBytes(1000)])
    const answers = await Promise.all(Array.from({ length: 50 }, () => completeMultipart(service, id, named)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await completeMultipart(service, id, named)).status).toBe(200)
    expect((await setStatus(service, id, 'uploaded')).body.status).toBe('uploaded')
  })

  it('has one list of parts: it may be sent again in any form, another list is refused', async () => {
    const content = [randomBytes(5 * MIB), randomBytes(100)]
    const { id, named: parts } = await sendAll(service, content)
    const [first, second] = parts
    const third = { PartNumber: 3, ETag: '"x"' }
    await completeMultipart(service, id, parts).expect(200)
    const inOtherWords = parts
      .map(({ PartNumber, ETag }) => ({ PartNumber, ETag: ETag.replaceAll('"', '') }))
      .toReversed()
    for (const same of [parts, inOtherWords]) await completeMultipart(service, id, same).expect(200)
    const others = [
      [first],
      [second],
      [...parts, third],
      [third],
      [first, { ...second, ETag: third.ETag }],
      [{ PartNumber: 77, ETag: '"x"' }],
    ]
    for (const other of others)
      expect(await completeMultipart(service, id, other as object[])).toBeProblem(409, 'upload-taken')
    expect((await download(service, id)).body.equals(Buffer.concat(content))).toBe(true)
  })

  it('is the file of one list when several come at once, and the others are refused', async () => {
    // An S3 server may refuse a list that leaves out a part: there every caller sends the same one.
    const leavesOut = service.deps.config.storage.kind !== 's3'
    for (let round = 0; round < 15; round++) {
      const content = (leavesOut ? [0, 1, 2] : [0]).map(() => randomBytes(1000))
      const { id, named } = await sendAll(service, content)
      const lists = [...named, ...named].map((part) => [part])
      const answers = await Promise.all(lists.map((list) => completeMultipart(service, id, list)))
      const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
      expect(winners).toEqual([winners[0], (winners[0] ?? 0) + content.length])
      for (const answer of answers) if (answer.status !== 200) expect(answer).toBeProblem(409, 'upload-taken')
      expect((await download(service, id)).body).toEqual(content[winners[0] ?? 0])
    }
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('takes the last of the parts of one number', async () => {
    const { id } = await sendAll(service, [randomBytes(100)])
    const bytes = randomBytes(50)
    const ETag = await sendPart(service, id, 1, bytes)
    await completeMultipart(service, id, [{ PartNumber: 1, ETag }])
    expect((await download(service, id)).body.equals(bytes)).toBe(true)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it.each([
    ['a part that never came', (named: readonly object[]) => [...named, { PartNumber: 9, ETag: '"x"' }], 400],
    ['a part with another tag', () => [{ PartNumber: 1, ETag: '"0123456789abcdef0123456789abcdef"' }], 400],
    ['a part twice', (named: readonly object[]) => [...named, ...named], 400],
    ['no parts', () => [], 400],
    ['a part of no number', () => [{ PartNumber: 0, ETag: '"x"' }], 400],
    ['a part without a tag', () => [{ PartNumber: 1 }], 400],
  ])('is not completed with %s, and can be after that', async (_case, change, status) => {
    const { id, named } = await sendAll(service, [randomBytes(100)])
    const parts = change(named)
    expect(await completeMultipart(service, id, parts)).toBeProblem(status)
    expect((await completeMultipart(service, id, named)).status).toBe(200)
  })

  it.each([
    ['more bytes than the bucket takes', { bucket: 'small' }, 413, 'file-too-large'],
    ['other bytes than announced', { sha256: sha256(Buffer.from('x')) }, 422, 'digest-mismatch'],
    ['another size than announced', { file_size: 5 }, 422, 'size-mismatch'],
    [
      'another type than announced',
      { type: 'image/png', file_size: gif(randomUUID()).length },
      422,
      'type-mismatch',
    ],
  ])('with %s is refused, and nothing of it stays', async (_case, more, status, code) => {
    await makeBucket(service, 'small', { max_file_size: 10 })
    const { id, named } = await sendAll(service, [gif(randomUUID())], more).catch(() => ({
      id: '',
      named: [],
    }))
    if (id !== '') expect(await completeMultipart(service, id, named)).toBeProblem(status, code)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('can name ten thousand parts', async () => {
    const { id } = await sendAll(service, [])
    const parts = Array.from({ length: 10_000 }, (_, index) => ({
      PartNumber: index + 1,
      ETag: `"${'0'.repeat(32)}"`,
    }))
    expect(await completeMultipart(service, id, parts)).toBeProblem(400, 'parts-invalid')
  })
})
