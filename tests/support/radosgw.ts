import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real S3 server: Ceph's radosgw with one monitor and one OSD, all of them children of this process. */
export interface Radosgw {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Frees the space of deleted objects, which takes hours otherwise. */
  collectGarbage(): Promise<void>
  stop(): Promise<void>
}

export interface RadosgwOptions {
  /** Objects are kept in memory, or in a file of the directory that grows as it must. */
  readonly store?: 'memory' | 'file'
  /** How many bytes there is room for. */
  readonly bytes?: number
}

const accessKeyId = 'upfiletestkey'
const secretAccessKey = 'upfiletestsecret'

/** Starts one in an empty directory. Needs the Debian packages radosgw, ceph-mon and ceph-osd. */
export async function startRadosgw(
  directory: string,
  { store = 'memory', bytes = 4 * 2 ** 30 }: RadosgwOptions = {},
): Promise<Radosgw> {
  const [monitorPort, port] = await Promise.all([freePort(), freePort()])
  const configuration = join(directory, 'ceph.conf')
  const inside = (name: string) => join(directory, name)
  await Promise.all(['mon', 'osd', 'run', 'log'].map((name) => mkdir(inside(name))))
  const fsid = randomUUID()
  await writeFile(configuration, settings({ directory, fsid, monitorPort, store, bytes }))
  const ceph = (program: string, ...words: string[]) =>
    run(program, ['-c', configuration, ...words], { timeout: 60_000 })
  const children: ChildProcess[] = []
  const begin = (program: string, ...words: string[]) => {
    const child = spawn(program, ['-c', configuration, ...words, '-f'], { stdio: 'ignore' })
    child.on('error', () => {}) // it will not answer, which is noticed
    children.unshift(child)
  }

  const monitor = `[v1:127.0.0.1:${monitorPort}]`
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', monitor, inside('monmap')])
  await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', inside('monmap'))
  begin('ceph-mon', '-i', 'a')
  const osd = randomUUID()
  await eventually(() => ceph('ceph', '--connect-timeout', '5', 'osd', 'new', osd))
  await ceph('ceph', 'osd', 'crush', 'add', 'osd.0', '1', 'root=default', 'host=here')
  await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd)
  begin('ceph-osd', '-i', '0')
  begin('radosgw', '-n', 'client.rgw', '--rgw-frontends', `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`)
  const keys = ['--access-key', accessKeyId, '--secret', secretAccessKey]
  const administer = (...words: string[]) => ceph('radosgw-admin', '-n', 'client.rgw', ...words)
  await administer('user', 'create', '--uid=test', '--display-name=test', ...keys)
  await eventually(() => answers(port))

  return {
    endpoint: `http://127.0.0.1:${port}`,
    accessKeyId,
    secretAccessKey,
    collectGarbage: async () => void (await administer('gc', 'process', '--include-all')),
    async stop() {
      // The gateway first: it would wait for the others.
      for (const child of children) {
        const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
        child.kill('SIGKILL')
        await ended
      }
    },
  }
}

interface Place extends Required<RadosgwOptions> {
  readonly directory: string
  readonly fsid: string
  readonly monitorPort: number
}

function settings({ directory, fsid, monitorPort, store, bytes }: Place) {
  return `[global]
fsid = ${fsid}
mon_host = v1:127.0.0.1:${monitorPort}
mon_initial_members = a
ms_bind_msgr2 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_crush_chooseleaf_type = 0
osd_crush_update_on_start = false
osd_class_update_on_start = false
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
osd_objectstore = ${store === 'memory' ? 'memstore' : 'bluestore'}
memstore_device_bytes = ${bytes}
bluestore_block_size = ${bytes}
log_file = ${directory}/log/$name.log
admin_socket = ${directory}/run/$name.$pid.asok
run_dir = ${directory}/run
mon_data = ${directory}/mon
osd_data = ${directory}/osd
rgw_dns_name = localhost
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answers(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

const PATIENCE_MILLISECONDS = 60_000

/** Tries until it succeeds. After a minute, throws the last failure. */
async function eventually(attempt: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + PATIENCE_MILLISECONDS
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(100)
    }
  }
}
