import fs from 'node:fs'
import { open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

// Preloaded into a service that lies: its syncs of what LIE names, `files` or `directories`, do nothing and succeed.

const lies = (fd: number) => fs.fstatSync(fd).isDirectory() === (process.env.LIE === 'directories')

const { fsync, fsyncSync, fdatasync, fdatasyncSync } = fs
Object.assign(fs, {
  fsync: (fd: number, done: fs.NoParamCallback) => (lies(fd) ? setImmediate(done, null) : fsync(fd, done)),
  fdatasync: (fd: number, done: fs.NoParamCallback) =>
    lies(fd) ? setImmediate(done, null) : fdatasync(fd, done),
  fsyncSync: (fd: number) => lies(fd) || fsyncSync(fd),
  fdatasyncSync: (fd: number) => lies(fd) || fdatasyncSync(fd),
})
syncBuiltinESMExports()

const handle = await open('/dev/null')
const prototype = Object.getPrototypeOf(handle)
await handle.close()
const { sync, datasync } = prototype
Object.assign(prototype, {
  async sync(this: { readonly fd: number }) {
    if (!lies(this.fd)) await sync.call(this)
  },
  async datasync(this: { readonly fd: number }) {
    if (!lies(this.fd)) await datasync.call(this)
  },
})
