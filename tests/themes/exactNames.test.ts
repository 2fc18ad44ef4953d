import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { toFileName } from '../../src/domain/values/fileNames.ts'
import { findableName, parseFilePath } from '../../src/domain/values/filePaths.ts'
import { type FileBody, filesPath, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { follow, namedLink, putNamed, sendJson } from '../support/named.ts'
import { anyText } from '../support/property.ts'
import { formBody } from '../support/rawForm.ts'

/** Names that were made the name of another file, and the word of the refusal that says why they are not taken. */
const refused: readonly (readonly [what: string, name: string, why: string])[] = [
  ['an empty folder', 'a//b.txt', '"//"'],
  ['a slash at its beginning', '/a/b.txt', '"/"'],
  ['a slash at its end', 'a/b.txt/', '"/"'],
  ['this folder', 'a/./b.txt', '"."'],
  ['the folder above', 'a/../a/b.txt', '".."'],
  ['the folder above at its end', 'a/..', '".."'],
  ['nothing but a slash', '/', '"/"'],
  ['a backslash', 'a\\b.txt', 'write "/"'],
  ['a control character', 'a/b\t.txt', 'U+0009'],
  ['U+0000', 'a/b\0.txt', 'U+0000'],
  ['a line separator', 'a/b\u2028.txt', 'U+2028'],
  ['a direction override', 'a/b\u202e.txt', 'U+202E'],
  ['a zero-width space', 'a/\u200bb.txt', 'U+200B'],
  ['a byte order mark', '\ufeffa/b.txt', 'U+FEFF'],
  ['256 bytes', `${'a'.repeat(252)}.txt`, '255 bytes'],
  ['258 bytes of Japanese', '日'.repeat(86), '255 bytes'],
  ['a folder of 256 bytes', `${'a'.repeat(256)}/b.txt`, '255 bytes'],
  ['1,025 bytes', `${`${'a'.repeat(204)}/`.repeat(5)}`.slice(0, -1).concat('a'), '1024 bytes'],
]

const taken = [
  ['a name', 'a.txt'],
  ['folders', 'a/b/c.txt'],
  ['255 bytes', `${'a'.repeat(251)}.txt`],
  ['1,024 bytes', `${`${'a'.repeat(204)}/`.repeat(5)}`.slice(0, -1)],
  ['blanks and dots', ' a /... /.b. '],
  ['characters of Windows', 'a:b*c?d|e.txt'],
  ['percents', '%2e%2e%2fa'],
  ['a family', '👨‍👩‍👧.png'],
] as const

describeService('a name that a file has to itself', (service) => {
  const fresh = () => `b-${randomUUID()}`
  const list = async (bucket: string) =>
    (await send<FileBody[]>(service, `${filesPath}?bucket=${bucket}`)).body
  const put = (bucket: string, name: string, text: string) =>
    putNamed(service, 'x.txt', text, { bucket, fields: { file_name: name } })
  const read = async (bucket: string, name: string) =>
    (await follow(service, (await namedLink(service, bucket, name)).body.data?.location)).bytes.toString()

  it.each(taken)('is exactly the one that was sent, with %s', async (_what, name) => {
    const bucket = fresh()
    expect((await put(bucket, name, 'exactly')).status).toBe(201)
    expect((await list(bucket)).map(({ file_name }) => file_name)).toEqual([name])
    expect(await read(bucket, name)).toBe('exactly')
  })

  it.each(refused)('is refused with %s, by which it would meet another', async (_what, name, why) => {
    const bucket = fresh()
    const other = await put(bucket, 'other.txt', 'other')
    expect(other.status).toBe(201)
    const answer = await put(bucket, name, 'replaces another')
    expect(answer).toBeProblem(400, 'name-invalid')
    expect(answer.body).toMatchObject({
      detail: expect.stringContaining(why),
      errors: [{ pointer: '/file_name' }],
    })
    const [file] = await list(bucket)
    const renamed = await sendJson(service, 'PUT', `${filesPath}/${file?.id}`, { file_name: name })
    expect(renamed).toBeProblem(400, 'name-invalid')
    expect(await namedLink(service, bucket, name)).toBeProblem(404)
    const path = `/file/${bucket}/${encodeURIComponent(name)}`
    expect(await send(service, path, { method: 'DELETE' })).toBeProblem(404)
    expect((await list(bucket)).map(({ file_name }) => file_name)).toEqual(['other.txt'])
  })

  it('is refused with half of a surrogate pair', async () => {
    const bucket = fresh()
    await put(bucket, 'a.txt', 'a')
    const [file] = await list(bucket)
    const renamed = await sendJson(service, 'PUT', `${filesPath}/${file?.id}`, { file_name: '\ud800.txt' })
    expect(renamed).toBeProblem(400, 'name-invalid')
  })

  it('is one name, composed or not', async () => {
    const bucket = fresh()
    await put(bucket, 'e\u0301.txt', 'one')
    await put(bucket, '\u00e9.txt', 'two')
    expect((await list(bucket)).map(({ file_name }) => file_name)).toEqual(['\u00e9.txt'])
    expect(await read(bucket, 'e\u0301.txt')).toBe('two')
  })

  it.each([
    ['no name', ''],
    ['folders', 'a/b.txt'],
    ['folders of Windows', 'a\\\\b.txt'],
    ['a way up', '../b.txt'],
    ['256 bytes', 'a'.repeat(256)],
  ])('does not come from a part with %s', async (_what, filename) => {
    const bucket = fresh()
    expect((await put(bucket, 'b.txt', 'other')).status).toBe(201)
    const disposition = `Content-Disposition: form-data; name="file"; filename="${filename}"`
    const answer = await send(service, `/file/${bucket}`, {
      method: 'POST',
      body: new Uint8Array(formBody([{ headers: [disposition], bytes: 'replaces another' }])),
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    })
    expect(answer).toBeProblem(400, 'name-invalid')
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/file' }] })
    expect(await read(bucket, 'b.txt')).toBe('other')
  })

  it('leaves nothing of the bytes of a refused one', async () => {
    await put(fresh(), '..', 'refused')
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })
})

/** The name that the text is taken as; undefined when it is refused. */
function accepted(text: string): string | undefined {
  try {
    return parseFilePath(text, '')
  } catch {
    return undefined
  }
}

const troublesome = [...'/\\.: \0\r\n\u202e\u200b\ufeff\ud800\udc00日é\u0301😀aZ0\u1e9b\u0323\u212b\u0338']
const anyName = fc.oneof(
  anyText(),
  fc
    .array(fc.constantFrom(...troublesome, '..', 'a'.repeat(250), '日'.repeat(80)), { maxLength: 8 })
    .map((pieces) => pieces.join('')),
)

describe('two texts', () => {
  it('are one name only when they are the same characters', () => {
    const names = new Map<string, string>()
    fc.assert(
      fc.property(anyName, (text) => {
        const name = accepted(text)
        if (name === undefined) return
        expect(text.normalize('NFC')).toBe(names.get(name) ?? text.normalize('NFC'))
        names.set(name, text.normalize('NFC'))
        expect(findableName(name)).toBe(name)
      }),
      { numRuns: 10_000 },
    )
    expect(names.size).toBeGreaterThan(300)
  })

  it('are names with folders, when each of their steps is the name of a file', () => {
    fc.assert(
      fc.property(fc.array(anyName, { minLength: 1, maxLength: 3 }), (texts) => {
        const name = texts.map(toFileName).join('/')
        expect(accepted(name)).toBe(name)
      }),
      { numRuns: 3_000 },
    )
  })
})
