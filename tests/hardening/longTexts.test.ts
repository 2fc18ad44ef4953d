import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createInstallation, type Installation } from '../support/childService.ts'
import { filesPath, send, upload } from '../support/client.ts'
import { sendRaw } from '../support/sendRaw.ts'

// In a process of its own: one that hangs here could not even fail.
let installation: Installation
let service: { url: string; port: number }
let file: string
beforeAll(async () => {
  installation = await createInstallation({ postgres: 'shared' })
  const { url } = await installation.start({ LOG_LEVEL: 'critical' })
  service = { url, port: Number(new URL(url).port) }
  file = `${filesPath}/${(await upload(service, 'a file')).body.id}`
})
afterAll(() => installation.remove())

/** Against hanging only: each of these takes a few milliseconds on an idle machine. */
const PATIENCE_MILLISECONDS = 5000

async function expectQuick(work: () => Promise<{ status: number }>) {
  const late = sleep(PATIENCE_MILLISECONDS, undefined, { ref: false })
  const answer = await Promise.race([work(), late])
  expect(answer?.status ?? 'no answer in time').toBeLessThan(500)
}

const fill = (piece: string, length: number) =>
  piece.repeat(Math.ceil(length / piece.length)).slice(0, length)

describe('long texts cost no more than short ones', () => {
  it.each([
    '/',
    'a',
    'a/',
    '../',
    './',
    '%2f',
    '%25',
    ';',
    ';a=b',
    '.',
    '%61',
    '%f0',
    '(',
    ':a',
    '*',
    '-',
    '0',
    '@',
  ])('a path of 8 KiB that repeats %s', async (piece) => {
    const rest = fill(piece, 8100).replace(/%.?$/, '')
    await expectQuick(() => sendRaw(service, 'GET', `${filesPath}/${rest}`))
    await expectQuick(() => sendRaw(service, 'GET', `/${rest}`))
    await expectQuick(() => sendRaw(service, 'GET', `${file}/content/${rest}`))
  })

  it.each(['a', 'a=b&', '&', '%', '%61', '[', 'a[]=1&', '=', '+', '"', ',', 'name=x&', '{"a":'])(
    'a query of 8 KiB that repeats %s',
    async (piece) => {
      const rest = fill(piece, 8100)
      await expectQuick(() => sendRaw(service, 'GET', `${filesPath}?${rest}`))
      await expectQuick(() => sendRaw(service, 'GET', `${filesPath}?name=${rest}`))
      await expectQuick(() => sendRaw(service, 'GET', `${filesPath}?cursor=${rest}`))
      await expectQuick(() => sendRaw(service, 'PUT', `${filesPath}?metadata=${rest}`))
    },
  )

  const pieces = [
    '"',
    '"a",',
    'W/"',
    ',',
    ';',
    ' ',
    '\t',
    ';a=',
    '\\',
    'a',
    '*/*,',
    '0-1,',
    '=:AAAA:,',
    '; boundary="',
  ]
  const headers = [
    'Accept',
    'Accept-Encoding',
    'Authorization',
    'Content-Digest',
    'Content-Disposition',
    'Content-Encoding',
    'Content-Type',
    'Cookie',
    'Idempotency-Key',
    'If-Match',
    'If-Modified-Since',
    'If-None-Match',
    'If-Range',
    'If-Unmodified-Since',
    'Origin',
    'Range',
    'Repr-Digest',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Request-Id',
  ]
  const prefixes: Readonly<Record<string, string>> = {
    'Content-Type': 'multipart/form-data',
    'Content-Disposition': 'attachment',
    Range: 'bytes=',
  }

  it.each(headers)('a header %s of 14 KiB', async (name) => {
    for (const piece of pieces) {
      const header = { [name]: `${prefixes[name] ?? ''}${fill(piece, 14_000)}x` }
      await expectQuick(() => sendRaw(service, 'GET', `${file}/content`, header))
      await expectQuick(() => sendRaw(service, 'POST', filesPath, { 'Content-Length': '1', ...header }, 'x'))
      await expectQuick(() => sendRaw(service, 'PUT', file, { 'Content-Length': '2', ...header }, '{}'))
    }
  })

  const sendForm = (partHeader: string, bytes = 'x') =>
    send(service, filesPath, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: `--x\r\n${partHeader}\r\n\r\n${bytes}\r\n--x--\r\n`,
    })

  it.each([
    '\\',
    '\\"',
    '\\\\',
    '"',
    "%41'",
    ';',
    '; a=b',
    '; a="\\',
    ' ',
    '=',
    '%',
    "UTF-8''",
    '\r\na: b',
    '\r\n ',
    ':',
  ])('headers of a part of 16 KiB that repeat %j', async (piece) => {
    const rest = fill(piece, 16_000)
    for (const start of ['', 'name="', 'name=upfile; filename="', "name=upfile; filename*=UTF-8''"])
      await expectQuick(() => sendForm(`Content-Disposition: form-data; ${start}${rest}`))
    await expectQuick(() => sendForm(`Content-Disposition: form-data; name=upfile; filename=x\r\n${rest}`))
  })

  it.each([
    '<!---->',
    '<!--',
    '-->',
    '<!doctype ',
    '<?xml ',
    '<?xml?>',
    ' ',
    '\n<',
    '{\\rtf',
    '%PDF',
    'BEGIN:',
    '<svg',
  ])('bytes that repeat %j', async (piece) => {
    for (const start of ['', '<', '<?xml version="1.0"?>', '<!-- -->'])
      await expectQuick(() => upload(service, `${start}${fill(piece, 8000)}`, { query: '?duplicates=allow' }))
  })
})
