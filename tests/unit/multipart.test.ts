import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FileServiceError } from '../../src/errors.ts'
import { parseMultipart } from '../../src/http/receive/multipart.ts'
import { boundary, encodeForm, type FormPart, forms, inChunks, parseAll } from '../support/forms.ts'

const outcomeOf = (body: Buffer, sizes: readonly number[]) => {
  const source = inChunks(body, sizes)
  return parseAll(parseMultipart(source.chunks, boundary)).then(
    (parts) => ({ parts, error: undefined, source }),
    (error: unknown) => ({ parts: undefined, error, source }),
  )
}
const sizes = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 90 })), { minLength: 1 })

describe('parseMultipart', () => {
  it('gives every part back, whatever is in it and wherever its chunks begin', async () => {
    await fc.assert(
      fc.asyncProperty(forms, sizes, async (form, chunkSizes) => {
        const { parts, error, source } = await outcomeOf(encodeForm(form), chunkSizes)
        expect(error).toBeUndefined()
        expect(parts).toEqual(form.parts)
        expect(source.closed()).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('finds the next part behind one that nobody read to its end', async () => {
    await fc.assert(
      fc.asyncProperty(forms, sizes, fc.nat(3), async (form, chunkSizes, chunksToRead) => {
        const names: string[] = []
        const { chunks } = inChunks(encodeForm(form), chunkSizes)
        for await (const { name, bytes } of parseMultipart(chunks, boundary)) {
          names.push(name)
          let read = 0
          for await (const _chunk of bytes) if (++read > chunksToRead) break
        }
        expect(names).toEqual(form.parts.map(({ name }) => name))
      }),
    )
  })

  it('never takes a form for whole that was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        forms,
        sizes,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (form, chunkSizes, at) => {
          const body = encodeForm({ ...form, epilogue: '' })
          const cut = body.subarray(0, Math.floor(at * (body.length - 1)))
          const { error, source } = await outcomeOf(cut, chunkSizes)
          expect(error).toMatchObject({ code: expect.stringMatching(/^(body-incomplete|form-invalid)$/) })
          expect(source.closed()).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('ends, and says what is wrong, whatever is done to a form', async () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(30),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
        fc.constantFrom(
          '\r',
          '\n',
          '\r\n',
          '\r\n\r\n',
          '--',
          `--${boundary}`,
          `\r\n--${boundary}`,
          '"',
          '\\',
          ';',
          ':',
        ),
      ),
    })
    await fc.assert(
      fc.asyncProperty(
        forms,
        sizes,
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        async (form, chunkSizes, edits) => {
          const body = edits.reduce((text, { at, remove, insert }) => {
            const from = Math.floor(at * text.length)
            return text.slice(0, from) + insert + text.slice(from + remove)
          }, encodeForm(form).toString('latin1'))
          const { parts, error, source } = await outcomeOf(Buffer.from(body, 'latin1'), chunkSizes)
          if (!parts) {
            expect(error).toBeInstanceOf(FileServiceError)
            expect(error).toMatchObject({
              code: expect.stringMatching(/^(body-incomplete|form-invalid|form-too-large)$/),
            })
          }
          expect(source.closed()).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('passes on what its source throws', async () => {
    const cause = new Error('cut off')
    async function* failing() {
      yield encodeForm({ parts: [part('a', 'some bytes')], preamble: '', epilogue: '' }).subarray(0, -10)
      throw cause
    }
    await expect(parseAll(parseMultipart(failing(), boundary))).rejects.toBe(cause)
  })

  it('asks for no more than whoever reads it', async () => {
    const body = encodeForm({
      parts: [part('a', 'x'.repeat(1000)), part('b', 'y')],
      preamble: '',
      epilogue: '',
    })
    const source = inChunks(body, [50])
    const parser = parseMultipart(source.chunks, boundary)
    const first = await parser.next()
    if (first.done) throw new Error('There is no part.')
    const before = source.taken()
    await first.value.bytes[Symbol.asyncIterator]().next()
    expect(source.taken() - before).toBeLessThanOrEqual(1)
    await parser.return()
    expect(source.closed()).toBe(true)
  })

  const part = (name: string, text: string): FormPart => ({
    name,
    filename: undefined,
    bytes: Buffer.from(text),
  })
  const many = (count: number) =>
    encodeForm({
      parts: Array.from({ length: count }, (_, at) => part(`p${at}`, '')),
      preamble: '',
      epilogue: '',
    })
  const raw = (headers: string, content = 'x') =>
    Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n${content}\r\n--${boundary}--\r\n`)
  const named = 'Content-Disposition: form-data; name="a"'

  it.each([
    ['20 parts', many(20)],
    ['no part', Buffer.from(`--${boundary}--`)],
    ['no line end behind the last delimiter', raw(named).subarray(0, -2)],
    ['a preamble of 64 KiB', Buffer.concat([Buffer.alloc(65_532), Buffer.from('\r\n'), raw(named)])],
    ['an epilogue of 64 KiB', Buffer.concat([raw(named), Buffer.alloc(65_500)])],
    ['blanks behind a delimiter', Buffer.from(raw(named).toString().replace(boundary, `${boundary} \t `))],
    ['32 headers', raw([named, ...Array.from({ length: 31 }, (_, at) => `X-${at}: y`)].join('\r\n'))],
    ['headers of 16,000 bytes', raw(`${named}\r\nX: ${'y'.repeat(15_950)}`)],
    ['an unknown parameter', raw(`${named}; x="y"; z=1`)],
  ])('takes a form with %s', async (_name, body) => {
    expect((await outcomeOf(body, [700])).error).toBeUndefined()
  })

  it.each([
    ['21 parts', many(21), 'form-too-large'],
    ['nothing', Buffer.alloc(0), 'body-incomplete'],
    ['only a preamble', Buffer.from('a preamble\r\n'), 'body-incomplete'],
    [
      'a longer preamble',
      Buffer.concat([Buffer.alloc(70_000), Buffer.from('\r\n'), raw(named)]),
      'form-invalid',
    ],
    ['a longer epilogue', Buffer.concat([raw(named), Buffer.alloc(70_000)]), 'form-invalid'],
    ['line ends without CR', Buffer.from(raw(named).toString().replaceAll('\r\n', '\n')), 'form-invalid'],
    [
      'text behind a delimiter',
      Buffer.from(raw(named).toString().replace(boundary, `${boundary}x`)),
      'form-invalid',
    ],
    ['endless blanks behind a delimiter', Buffer.from(`--${boundary}${' '.repeat(100)}\r\n`), 'form-invalid'],
    [
      '33 headers',
      raw([named, ...Array.from({ length: 32 }, (_, at) => `X-${at}: y`)].join('\r\n')),
      'form-invalid',
    ],
    ['longer headers', raw(`${named}\r\nX: ${'y'.repeat(17_000)}`), 'form-invalid'],
    ['headers that do not end', Buffer.from(`--${boundary}\r\nX: ${'y'.repeat(90_000)}`), 'form-invalid'],
    ['bytes that begin with the delimiter', raw(named, `--${boundary}\r\n`), 'form-invalid'],
    ['headers that another delimiter ends', raw(`${named}\r\n--${boundary}`), 'form-invalid'],
    ['a bare LF in a header', raw(`X: y\n${named}`), 'form-invalid'],
    ['a bare CR in a header', raw(`${named}\r\nX: y\rZ: y`), 'form-invalid'],
  ])('refuses a form with %s', async (_name, body, code) => {
    expect((await outcomeOf(body, [700])).error).toMatchObject({ code })
  })
})
