import { createHash, randomUUID } from 'node:crypto'
import { download, type FileBody, filesPath, send } from './client.ts'

type Service = { readonly url: string }

/** The facts about one file that a client tried to store. */
export interface Entry {
  /** The name it was sent with, which no other file has. A change adds its mark. */
  readonly name: string
  readonly sha256: string
  readonly size: number
  readonly idempotencyKey: string | undefined
  /**
   * `asked`: no answer yet, so the file may be there or not. `stored`: acknowledged. `refused`: answered with a refusal.
   * `deleting`: its deletion was asked for and not answered. `deleted`: its deletion was acknowledged.
   */
  state: 'asked' | 'stored' | 'refused' | 'deleting' | 'deleted'
  id: string | undefined
  /** Whether the upload was ever answered. */
  answered: boolean
  /** The values its metadata and its name may have: the last one acknowledged, and those asked for since. */
  marks: number[]
  /** Whether its bytes came back as they were sent. */
  downloaded: boolean
  busy: boolean
  /** Sends the upload, or sends it again; undefined when it need not be sent any more, so that its bytes can go. */
  send: ((service: Service) => Promise<void>) | undefined
}

/** Remembers every promise a service made, and finds those it broke. */
export class Ledger {
  readonly entries: Entry[] = []
  readonly counts = { acknowledged: 0, refused: 0, deleted: 0, updated: 0, unanswered: 0, replayed: 0 }
  /** Broken promises, each as a sentence. */
  readonly broken: string[] = []

  /** Adds a file that is about to be uploaded. `upload` sends it and resolves with the answer. */
  add(
    bytes: Buffer,
    idempotencyKey: string | undefined,
    upload: (service: Service, entry: Entry) => Promise<{ status: number; body: FileBody; headers: Headers }>,
  ): Entry {
    const entry: Entry = {
      name: `file-${randomUUID()}`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length,
      idempotencyKey,
      state: 'asked',
      id: undefined,
      answered: false,
      marks: [0],
      downloaded: false,
      busy: false,
      send: async (service) => {
        try {
          this.#settle(entry, await upload(service, entry))
        } finally {
          if (entry.answered || idempotencyKey === undefined) entry.send = undefined
        }
      },
    }
    this.entries.push(entry)
    return entry
  }

  #settle(entry: Entry, { status, body, headers }: { status: number; body: FileBody; headers: Headers }) {
    if (status === 503 || status === 409) return
    entry.answered = true
    if (status === 201) {
      if (headers.has('idempotency-replayed')) this.counts.replayed += 1
      this.counts.acknowledged += 1
      this.#store(entry, body)
    } else if (status === 403 && entry.state === 'asked') {
      this.counts.refused += 1
      entry.state = 'refused'
      const { file } = body as unknown as { file: FileBody }
      if (file.file_hash !== entry.sha256) this.broken.push(`${entry.name}: refused because of other bytes`)
    } else {
      this.broken.push(`${entry.name}: the upload was answered with ${status} ${JSON.stringify(body)}`)
    }
  }

  #store(entry: Entry, file: FileBody) {
    const same =
      file.file_hash === entry.sha256 && file.file_size === entry.size && file.file_name === entry.name
    if (!same) this.broken.push(`${entry.name}: stored as something else: ${JSON.stringify(file)}`)
    if (entry.id !== undefined && entry.id !== file.id) this.broken.push(`${entry.name}: has another id`)
    entry.id = file.id
    entry.state = 'stored'
  }

  async update(service: Service, entry: Entry, mark: number): Promise<void> {
    entry.marks.push(mark)
    const answer = await send(service, `${filesPath}/${entry.id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ file_name: markedName(entry, mark), metadata: { mark } }),
    })
    if (answer.status === 503) return
    if (answer.status !== 201)
      this.broken.push(`${entry.name}: the update was answered with ${answer.status}`)
    entry.marks = [mark]
    this.counts.updated += 1
  }

  async remove(service: Service, entry: Entry): Promise<void> {
    const again = entry.state === 'deleting'
    entry.state = 'deleting'
    const { status } = await send(service, `${filesPath}/${entry.id}`, { method: 'DELETE' })
    if (status === 503) return
    if (status !== 201 && !(again && status === 404))
      this.broken.push(`${entry.name}: the deletion was answered with ${status}`)
    entry.state = 'deleted'
    this.counts.deleted += 1
  }

  /**
   * Sends again what got no answer and may be sent again: uploads with an Idempotency-Key, and deletions. A refusal that
   * comes before the body was sent may cost its sender the connection, and so the answer.
   */
  async settle(service: Service): Promise<void> {
    for (const entry of this.entries) {
      await entry.send?.(service).catch(() => {})
      if (entry.state === 'deleting') await this.remove(service, entry)
    }
  }

  /** Downloads a file and compares its bytes with the bytes sent. Rejects when the service cannot answer. */
  async check(service: Service, entry: Entry): Promise<void> {
    const { status, bytes } = await download(service, entry.id ?? '')
    if (status === 503) throw new Error('The download was answered with 503')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (status !== 200 || sha256 !== entry.sha256)
      this.broken.push(
        `${entry.name}: ${status} with ${bytes.length} bytes instead of ${entry.size}, ${sha256}`,
      )
    entry.downloaded = true
  }

  /** Holds the list of the service against everything it ever acknowledged. Nothing may be going on meanwhile. */
  async compare(service: Service): Promise<void> {
    const found = Map.groupBy(await listAll(service), (file) => file.file_name.replace(MARK, ''))
    for (const entry of this.entries) {
      const files = found.get(entry.name) ?? []
      found.delete(entry.name)
      const [least, most] = bounds[entry.state]
      if (files.length < least || files.length > most)
        this.broken.push(`${entry.name}: ${entry.state}, but there are ${files.length} files of it`)
      const [file] = files
      if (!file) continue
      if (entry.state === 'asked') this.#store(entry, file)
      if (file.id !== entry.id || file.file_hash !== entry.sha256 || file.file_size !== entry.size)
        this.broken.push(`${entry.name}: is ${JSON.stringify(file)} now`)
      const mark = file.metadata.mark ?? 0
      if (!entry.marks.includes(Number(mark)))
        this.broken.push(`${entry.name}: its metadata are ${mark} instead of ${entry.marks}`)
      if (file.file_name !== markedName(entry, Number(mark)))
        this.broken.push(`${entry.name}: is called ${file.file_name}, and its metadata are ${mark}`)
      entry.marks = [Number(mark)]
    }
    for (const name of found.keys()) this.broken.push(`${name}: nobody ever sent it`)
  }
}

const MARK = /\.\d+$/

/** One change gives a file its metadata and its name, so that half a change would be seen. */
const markedName = ({ name }: Entry, mark: number) => (mark === 0 ? name : `${name}.${mark}`)

/** How many files of one entry there may be. */
const bounds = { asked: [0, 1], stored: [1, 1], refused: [0, 0], deleting: [0, 1], deleted: [0, 0] } as const

/** Every live file of the default bucket. */
export async function listAll(service: Service): Promise<FileBody[]> {
  const files: FileBody[] = []
  for (let path = `${filesPath}?limit=1000`; ; ) {
    const { body, headers, status } = await send<FileBody[]>(service, path)
    if (status !== 200) throw new Error(`The list was answered with ${status}`)
    files.push(...body)
    const next = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
    if (next === undefined) return files
    path = next.startsWith('http') ? new URL(next).pathname + new URL(next).search : next
  }
}
