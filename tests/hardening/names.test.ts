import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type Answer, download, type FileBody, filesPath, send, upload } from '../support/client.ts'
import { parseDisposition } from '../support/contentDisposition.ts'
import { describeService } from '../support/describeService.ts'
import { hostileNames } from './corpus/names.ts'

describeService('hostile names', (service) => {
  let count = 0
  const newBytes = () => `These are the bytes of file ${++count}.`
  const put = (query: Record<string, string>) =>
    send<FileBody>(service, `${filesPath}?${new URLSearchParams(query)}`, { method: 'PUT', body: newBytes() })
  const update = (id: string, name: string) =>
    send<FileBody>(service, `${filesPath}/${id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ file_name: name }),
    })

  /** Every way in which a name reaches the service. */
  const waysIn: Readonly<Record<string, (name: string) => Promise<Answer<FileBody>>>> = {
    'the filename of a part': (name) => upload(service, newBytes(), { name: name.toWellFormed() }),
    'the field file_name': (name) =>
      upload(service, newBytes(), { fields: { file_name: name.toWellFormed() } }),
    'the query of putFile': (name) => put({ file_name: name }),
    'the JSON of updateFile': async (name) => update((await put({ file_name: 'before' })).body.id, name),
  }

  /** The file as the newest files show it. */
  async function listed(id: string): Promise<FileBody | undefined> {
    const { body } = await send<FileBody[]>(service, `${filesPath}?limit=5`)
    return body.find((file) => file.id === id)
  }

  describe.each(Object.entries(hostileNames))('%s', (_row, names) => {
    it.each(names)('$what is a name like any other', async ({ sent, stored, saved = stored }) => {
      for (const [way, give] of Object.entries(waysIn)) {
        const { status, body } = await give(sent)
        expect([way, status, body.file_name]).toEqual([way, 201, stored])
        expect((await send(service, `${filesPath}/${body.id}`)).body).toEqual(body)
        expect(await listed(body.id)).toEqual(body)

        const header = (await download(service, body.id)).headers.get('content-disposition') ?? ''
        expect(parseDisposition(header)).toMatchObject({ type: 'attachment', filename: saved })
      }
    })
  })

  describe('A1', () => {
    it('keeps bytes under keys alone, and nothing outside the volume', async () => {
      const entries = await readdir(service.dataDirectory, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => !entry.isDirectory())
      const paths = files.map((entry) =>
        join(entry.parentPath, entry.name).slice(service.dataDirectory.length),
      )
      const odd = paths.filter(
        (path) =>
          !/^\/(volume\/(blobs\/[0-9a-f]{2}\/[0-9a-f]{32}|\.volume-id|\.hwm)|logs\/[a-z]+\.log)$/.test(path),
      )
      expect(odd).toEqual([])
      expect((await Array.fromAsync(service.deps.storage.list())).length).toBeGreaterThanOrEqual(count)
      for (const directory of ['/', '/tmp', tmpdir(), process.cwd()])
        expect((await readdir(directory)).filter((name) => name.includes('escaped'))).toEqual([])
      expect(await service.violations()).toEqual([])
    })

    it('keeps two files apart whose names differ only in what is taken off', async () => {
      const one = await put({ file_name: 'a/same.txt' })
      const two = await put({ file_name: 'b/same.txt' })
      expect([one.body.file_name, two.body.file_name]).toEqual(['same.txt', 'same.txt'])
      expect(one.body.id).not.toBe(two.body.id)
    })
  })
})
