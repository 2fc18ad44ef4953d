import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { filesPath } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import { fenceOf } from '../support/guides.ts'

const run = promisify(execFile)

const key = newCredential('key').text

describeService('The Python client of docs/clients.md', { ADMIN_KEYS: key }, (service) => {
  it('sends a file, twice if need be, and gets it back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'upfile-python-'))
    try {
      const script = fenceOf('docs/clients.md', 'Python', 'python')
      await writeFile(
        join(directory, 'client.py'),
        script.replace('localhost:8000', new URL(service.url).host),
      )
      const bytes = randomBytes(300_000)
      await writeFile(join(directory, 'a file.bin'), bytes)
      const printed = []
      const env = { ...process.env, UPFILE_KEY: key }
      for (let count = 0; count < 2; count += 1) {
        printed.push((await run('python3', ['client.py', 'a file.bin'], { cwd: directory, env })).stdout)
        expect((await readFile(join(directory, 'a file.copy'))).equals(bytes)).toBe(true)
      }
      expect(printed[0]).toMatch(/^\S{36} application\/octet-stream 300000\n$/)
      expect(printed[1]).toBe(printed[0])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

const tooLarge = `
import sys
import urllib.error
import urllib.request

for target in sys.argv[2:]:
    request = urllib.request.Request(sys.argv[1] + target, method="PUT", data=bytes(40_000_000))
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        print(error.code)
`

describeService('urllib of Python', { MAX_FILE_SIZE: '1000000' }, (service) => {
  it('reads why a file is refused, after it has sent all of it', async () => {
    const targets = [filesPath, '/nowhere', `${filesPath}?colour=red`]
    const { stdout } = await run('python3', ['-c', tooLarge, service.url, ...targets])
    expect(stdout.split('\n')).toEqual(['413', '404', '400', ''])
  })
})
