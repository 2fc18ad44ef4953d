import { describe, expect, it } from '@jest/globals'
import { runUpfile } from '../support/runUpfile.ts'

const commands = ['serve', 'migrate', 'fsck', 'migrate-storage']

describe('upfile', () => {
  it.each(['--help', '-h', 'help'])('tells with %s what commands there are', async (word) => {
    const { code, stdout, stderr } = await runUpfile([word])
    expect([code, stderr]).toEqual([0, ''])
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}upfile ${command} .*\\S`, 'm'))
  })

  it.each(commands)('explains %s with --help, without doing it', async (command) => {
    const { code, stdout, stderr } = await runUpfile([command, '--help'], { PORT: 'wrong' })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^upfile ${command}`))
  })

  it.each([
    ['a command that is not there', ['sirve'], /there is no command "sirve"\n\nupfile \d/],
    ['a command that every object has', ['constructor'], /there is no command "constructor"/],
    ['an option in place of a command', ['--port'], /there is no command "--port"/],
    ['words after serve', ['serve', '80'], /^upfile serve/],
    ['migrate without a direction', ['migrate'], /^upfile migrate up\|down\|status/],
    ['migrate in another direction', ['migrate', 'sideways'], /^upfile migrate up\|down\|status/],
    ['words after a direction', ['migrate', 'down', '2'], /^upfile migrate up\|down\|status/],
    ['an option that fsck does not have', ['fsck', '--depp'], /^upfile fsck/],
    ['words after fsck', ['fsck', 'deep'], /^upfile fsck/],
    ['migrate-storage without a direction', ['migrate-storage'], /^upfile migrate-storage --to volume\|s3/],
    ['a storage that there is not', ['migrate-storage', '--to', 'disk'], /^upfile migrate-storage/],
    ['words after a storage', ['migrate-storage', '--to', 's3', 'now'], /^upfile migrate-storage/],
  ])('refuses %s with 2, and says how it is called', async (_case, words, complaint) => {
    const { code, stdout, stderr } = await runUpfile(words)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(complaint)
  })

  it.each([['serve'], ['migrate', 'status'], ['fsck'], ['migrate-storage', '--to', 'volume']])(
    'names every wrong setting at once and does nothing: %s',
    async (...words) => {
      const { code, stdout, stderr } = await runUpfile(words, {
        PORT: 'x',
        HOST: '0.0.0.0',
        LOG_LEVEL: 'loud',
      })
      expect([code, stdout]).toEqual([1, ''])
      for (const name of ['PORT', 'HOST', 'LOG_LEVEL']) expect(stderr).toMatch(new RegExp(`^- ${name} `, 'm'))
      expect(stderr).not.toMatch(/ at .*\.ts/)
    },
  )

  it('names LOG_DIR when it is no directory', async () => {
    const { code, stdout, stderr } = await runUpfile(['serve'], { LOG_DIR: import.meta.filename })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^upfile: LOG_DIR .*commands\.test/)
  })
})
