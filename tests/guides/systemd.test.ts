import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../src/config.ts'
import { fenceOf, fencesOf, readGuide, repository } from '../support/guides.ts'

const run = promisify(execFile)
const unit = fenceOf('docs/deployment.md', 'systemd', 'systemd')
const values = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, text = '']) => text)
/** Of variables as in `A=1 B=2`. */
const toRecord = (text: string) => Object.fromEntries(text.split(' ').map((pair) => pair.split('=')))
const value = (name: string) => values(name)[0] ?? ''

describe('The unit of docs/deployment.md', () => {
  it('is one that systemd takes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'upfile-unit-'))
    const path = join(directory, 'upfile.service')
    try {
      const here = unit
        .replaceAll('/opt/upfile', repository)
        .replace('User=upfile', `User=${userInfo().username}`)
      await writeFile(path, here)
      const { stderr } = await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', path])
      expect(stderr).toBe('')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('runs the service with the directories that systemd makes, and lets it end in peace', () => {
    const { scripts } = JSON.parse(readGuide('package.json'))
    const [, variables = '', command = '', entry = ''] =
      /^exec env (.*) (node .*)\$\(.*\) (src\/main\.ts serve)$/.exec(scripts.start) ?? []
    expect(value('ExecStart').replace('/opt/upfile/node_modules/.bin/', '')).toBe(`${command}${entry}`)
    const env = toRecord(values('Environment').join(' '))
    expect(env).toMatchObject({
      ...toRecord(variables),
      NODE_COMPILE_CACHE: `/var/cache/${value('CacheDirectory')}`,
    })
    const config = loadConfig(env)
    expect([config.environment, config.dataDirectory, config.log.directory]).toEqual([
      'production',
      `/var/lib/${value('StateDirectory')}`,
      `/var/log/${value('LogsDirectory')}`,
    ])
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(config.http.shutdownSeconds)
  })

  it('is for the user and the folder that the commands above it make', () => {
    const commands = fencesOf('docs/deployment.md')
      .filter(({ section, language }) => section === 'systemd' && language === 'console')
      .map(({ text }) => text)
      .join('')
    expect(commands).toMatch(new RegExp(`useradd .* ${value('User')}\n`))
    expect(commands).toContain(` ${value('WorkingDirectory')}\n`)
    expect(commands).toContain('systemctl enable --now upfile\n')
  })
})
