import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { listen } from './listen.ts'

/** Stock tus: bytes to a folder, and a JSON file beside each; no hash, no fsync, no record. */
const [folder = '.'] = process.argv.slice(2)
const server = new Server({
  path: '/files',
  datastore: new FileStore({ directory: folder }),
  // The client of the bench reads no chunked answers.
  onUploadFinish: async () => ({ headers: { 'Content-Length': '0' } }),
})

listen((req, res) => server.handle(req, res))
