import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { download, send } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { fenceOf } from '../support/guides.ts'

const run = promisify(execFile)

const key = newCredential('key').text
const headers = { 'x-api-key': key }

describeService('docs/clients.md', { ADMIN_KEYS: key }, (service) => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upfile-clients-'))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  it('has a client for Node that sends a file, twice if need be, and gets it back', async () => {
    const script = fenceOf('docs/clients.md', 'Node', 'js').replaceAll(
      'localhost:8000',
      new URL(service.url).host,
    )
    await writeFile(join(directory, 'client.mjs'), script)
    const bytes = randomBytes(300_000)
    await writeFile(join(directory, 'a file'), bytes)
    const printed = []
    const env = { ...process.env, UPFILE_KEY: key }
    for (let count = 0; count < 2; count += 1) {
      const { stdout } = await run(process.execPath, ['client.mjs', 'a file'], { cwd: directory, env })
      expect(await readFile(join(directory, 'a file.copy'))).toEqual(bytes)
      printed.push(stdout)
    }
    expect(printed[0]).toMatch(/^\S{36} application\/octet-stream 300000\n$/)
    expect(printed[1]).toBe(printed[0])
  })

  it.each(['PUT', 'POST'])(
    'has a function for a browser that sends an announced file by %s',
    async (method) => {
      const sendAnnounced: (file: Blob, request: unknown) => Promise<Response> = runInNewContext(
        `${fenceOf('docs/clients.md', 'Browser', 'js')}; sendAnnounced`,
        { fetch: (url: string, init: RequestInit) => fetch(new URL(url, service.url), init), FormData },
      )
      const bytes = `From a browser by ${method}.`
      const json = (path: string, verb: string, body: unknown) =>
        send(service, path, {
          method: verb,
          headers: { ...headers, 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        })
      const announcement = { filename: 'page.txt', type: 'text/plain', file_size: bytes.length, method }
      const { body: announced } = await json('/presigned-url', 'POST', announcement)
      const { key: announcedKey } = announced as { key: string }
      const sent = await sendAnnounced(new Blob([bytes], { type: 'text/plain' }), announced)
      expect(sent.ok).toBe(true)
      expect((await json('/file-status', 'PUT', { uuid: announcedKey, status: 'uploaded' })).status).toBe(200)
      expect((await download(service, announcedKey, { headers })).bytes.toString()).toBe(bytes)
    },
  )

  it('has options for FilePond, whose form is then a file', async () => {
    interface Process {
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      readonly ondata: (form: FormData) => FormData
      readonly onload: (text: string) => string
    }
    type Options = { readonly name: string; readonly server: { readonly process: Process } }
    let given: Options | undefined
    const FilePond = {
      setOptions: (options: Options) => {
        given = options
      },
    }
    runInNewContext(fenceOf('docs/clients.md', 'Upload widgets', 'js'), { FilePond, JSON, key })
    if (!given) throw new Error('The guide sets no options.')
    const { name, server } = given
    const form = new FormData()
    form.append(name, '{}')
    form.append(name, new File(['From FilePond.'], 'pond.txt', { type: 'text/plain' }))
    const path = new URL(server.process.url).pathname
    const body = server.process.ondata(form)
    const answer = await send(service, path, { method: 'POST', headers: server.process.headers, body })
    expect(answer.status).toBe(201)
    const id = server.process.onload(answer.bytes.toString())
    expect((await download(service, id, { headers })).bytes.toString()).toBe('From FilePond.')
  })
})

describeService('an open service', { AUTH: 'off' }, (service) => {
  it('serves a client whose key is empty', async () => {
    const { status } = await send(service, '/service/fileupload', { headers: { 'x-api-key': '' } })
    expect(status).toBe(200)
  })
})
