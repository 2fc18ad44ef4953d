import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from './childEnvironment.ts'
import { createDatabase } from './postgres.ts'
import { armFailpoints, startService } from './service.ts'

/** The service on a volume whose file system can be made to fail. */
export interface SmallDisk {
  readonly url: string
  /** Takes all room but about 2 MiB. */
  fillAlmost(): Promise<void>
  fill(): Promise<void>
  /** Takes all names a file could get. */
  useUpInodes(): Promise<void>
  empty(): Promise<void>
  makeReadOnly(): Promise<void>
  makeWritable(): Promise<void>
  unmount(): Promise<void>
  mountAgain(): Promise<void>
  /** Mounts an empty file system over it. */
  cover(): Promise<void>
  uncover(): Promise<void>
  /** Starts the service a second time on the same disk, and stops that one. Throws when it does not come to listen. */
  startAnother(): Promise<void>
  /** What fsck says, reading every byte. */
  fsck(): Promise<string>
  stop(): Promise<void>
}

type Env = Readonly<Record<string, string>>

const DISK_BYTES = 16 * 2 ** 20

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** How this machine lets a process have mounts of its own: as root, as a user who is root in a namespace, or not at all. */
const wrapper = [
  ['unshare', '--mount', '--propagation', 'private'],
  ['unshare', '--map-root-user', '--mount', '--propagation', 'private'],
].find(([program = '', ...args]) => {
  const script = 'mount -t tmpfs none /mnt && mount -o remount,bind,ro /mnt'
  return spawnSync(program, [...args, 'sh', '-c', script], { stdio: 'ignore' }).status === 0
})

/** Which disk the tests get; a part of their names. */
export const kindOfDisk = wrapper ? 'a real file system' : 'a simulated one: no mounts can be made here'

export const openSmallDisk = (env: Env) => (wrapper ? mountDisk(wrapper, env) : simulateDisk(env))

/**
 * Mounts $1 for the service, starts it, and runs the commands that come in, each answered with its exit code. The service
 * and the mounts end with the input.
 */
const script = `
mount -t tmpfs -o size=${DISK_BYTES},nr_inodes=400 none "$DISK" && mount --bind "$DISK" "$VOLUME" || exit 1
"$@" serve </dev/null >/dev/null 2>"$DATA_DIR/stderr" &
service=$!
while read -r command; do
  (eval "$command") </dev/null 2>&1
  echo "exit $?"
done
kill $service
wait $service
`

/** Starts "$@" beside the service, waits until it listens or ends, and stops it. Fails when it did not listen. */
const another = `
  env -u NODE_CHANNEL_FD LOG_LEVEL=info "$@" serve >"$DATA_DIR/another" 2>&1 & another=$!;
  for i in $(seq 250); do
    grep -q Listening "$DATA_DIR/another" && break; kill -0 $another || break; sleep 0.1;
  done;
  kill $another; wait $another; cat "$DATA_DIR/another"; grep -q Listening "$DATA_DIR/another"
`.replaceAll('\n', ' ')

async function mountDisk([program = '', ...args]: readonly string[], env: Env): Promise<SmallDisk> {
  const database = await createDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'upfile-disk-'))
  const paths = { DATA_DIR: directory, DISK: join(directory, 'disk'), VOLUME: join(directory, 'volume') }
  for (const path of [paths.DISK, paths.VOLUME]) await mkdir(path)
  const child = spawn(program, [...args, 'sh', '-c', script, 'sh', process.execPath, main], {
    env: {
      ...childEnvironment,
      PATH: process.env.PATH ?? '',
      ENVIRONMENT: 'testing',
      PORT: '0',
      DATABASE_URL: database.url,
      ...paths,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'close')
  const [message] = await Promise.race([once(child, 'message'), ended])
  if (typeof message?.url !== 'string')
    throw new Error(`The service did not start on its small disk: ${message}`)
  const run = shellOf(child)

  return {
    url: message.url,
    fillAlmost: () => run('head -c 13m /dev/zero > "$VOLUME/filler"'),
    fill: () => run('head -c 32m /dev/zero > "$VOLUME/filler" || :'),
    useUpInodes: () => run('for i in $(seq 400); do touch "$VOLUME/filler-$i" 2>/dev/null || break; done'),
    empty: () => run('rm "$VOLUME"/filler*'),
    // Not while a file is open for writing: the next moment will do.
    makeReadOnly: () =>
      run('for i in $(seq 500); do mount -o remount,bind,ro "$VOLUME" 2>/dev/null && break; done'),
    makeWritable: () => run('mount -o remount,bind,rw "$VOLUME"'),
    unmount: () => run('umount --lazy "$VOLUME"'),
    mountAgain: () => run('mount --bind "$DISK" "$VOLUME"'),
    cover: () => run('mount -t tmpfs none "$VOLUME"'),
    uncover: () => run('umount --lazy "$VOLUME"'),
    startAnother: () => run(`set -- '${process.execPath}' '${main}'; ${another}`),
    fsck: async () => {
      let said = ''
      await run(`'${process.execPath}' '${main}' fsck --deep`, (line) => {
        said += `${line}\n`
      })
      return said
    },
    async stop() {
      child.stdin?.end()
      await ended
      await database.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Commands run one after the other. */
function shellOf(child: ChildProcess) {
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]()
  return async (command: string, heard: (line: string) => void = () => {}): Promise<void> => {
    child.stdin?.write(`${command}\n`)
    const said: string[] = []
    for (let next = await lines.next(); !next.done; next = await lines.next()) {
      if (next.value === 'exit 0') return
      if (next.value.startsWith('exit ')) break
      said.push(next.value)
      heard(next.value)
    }
    throw new Error(`${command} failed: ${said.join('\n')}`)
  }
}

/** A reserve that leaves as much of this machine's disk as there would be on the small one, if there is to be one. */
async function reserveAllBut(bytes: number, { RESERVED_FREE_BYTES: reserved = '0' }: Env) {
  const { bavail, bsize } = await statfs(tmpdir())
  return { RESERVED_FREE_BYTES: reserved === '0' ? '0' : String(bavail * bsize - bytes + Number(reserved)) }
}

/** The same with failpoints, for machines where nothing can be mounted. */
async function simulateDisk(env: Env): Promise<SmallDisk> {
  const service = await startService({ ...env, ...(await reserveAllBut(DISK_BYTES, env)) })
  await armFailpoints(env.FAILPOINTS ?? '')
  const volume = join(service.dataDirectory, 'volume')
  const arm = (failpoints: string) => async () => armFailpoints(failpoints)
  const unmount = () => rename(volume, `${volume}-away`)
  const mountAgain = () => rename(`${volume}-away`, volume)
  return {
    url: service.url,
    fillAlmost: arm('U3=ENOSPC@5'),
    fill: arm('U3=ENOSPC'),
    useUpInodes: arm('U2=ENOSPC'),
    empty: arm(''),
    makeReadOnly: arm('U2=EROFS'),
    makeWritable: arm(''),
    unmount,
    mountAgain,
    cover: () => unmount().then(() => mkdir(volume)),
    uncover: () => rm(volume, { recursive: true }).then(mountAgain),
    startAnother: async () => {}, // nothing is full for another process
    async fsck() {
      const found = await service.violations()
      return `${found.join('\n')}\nviolations: ${found.length}\n`
    },
    stop: service.stop,
  }
}
