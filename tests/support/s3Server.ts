import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { dataParent } from './dataParent.ts'
import { startRadosgw } from './radosgw.ts'

/** A server that a run of the S3 suite has for itself. */
export interface S3Server {
  /** The settings that tests need to reach this server. */
  readonly settings: Readonly<Record<`S3_TEST_${string}`, string>>
  stop(): Promise<void>
}

/** radosgw where it is installed, unless S3_TEST_SERVER says `double`; otherwise the double, which needs nothing. */
export async function startS3Server(): Promise<S3Server> {
  const installed = ['radosgw', 'ceph-mon', 'ceph-osd'].every(isOnPath)
  const isReal = process.env.S3_TEST_SERVER !== 'double' && installed
  return isReal ? await startReal() : await startDouble()
}

const isOnPath = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))

async function startReal(): Promise<S3Server> {
  const directory = await mkdtemp(join(dataParent(), 'upfile-s3-'))
  const radosgw = await startRadosgw(directory)
  return {
    settings: { S3_TEST_SERVER: `radosgw ${await majorVersion()}`, ...toSettings(radosgw) },
    async stop() {
      await radosgw.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** 16 in Debian 12. What each is known to do otherwise than Amazon stands in tests/s3. */
async function majorVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('radosgw', ['--version'])
  return /ceph version (\d+)\./.exec(stdout)?.[1] ?? 'of no version'
}

/** In a process of its own: it must answer while a test keeps its own process busy. */
async function startDouble(): Promise<S3Server> {
  const main = join(import.meta.dirname, 's3Double', 'main.ts')
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const [line] = await once(child.stdout ?? child, 'data')
  return {
    settings: {
      S3_TEST_SERVER: 'double',
      // No other server that can be had here speaks it.
      S3_TEST_CHECKSUM: process.env.S3_TEST_CHECKSUM ?? 'crc32',
      ...toSettings(JSON.parse(String(line))),
    },
    async stop() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

const toSettings = (server: { endpoint: string; accessKeyId: string; secretAccessKey: string }) => ({
  S3_TEST_ENDPOINT: server.endpoint,
  S3_TEST_ACCESS_KEY_ID: server.accessKeyId,
  S3_TEST_SECRET_ACCESS_KEY: server.secretAccessKey,
})
