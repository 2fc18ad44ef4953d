import { AbstractTokenizer, EndOfStreamError, type IReadChunkOptions, type ITokenizer } from 'strtok3/core'
import type { FileBytes } from './fileBytes.ts'

const DEADLINE_MILLISECONDS = 50
/** No honest file needs this number of reads. A deadline alone would change the result on a busy machine. */
const READS_BEFORE_DEADLINE = 1000

/**
 * Lets file-type read a file. Reading throws after the deadline: every loop of a detector reads from its tokenizer, so every
 * loop ends.
 */
export const createTokenizer = (file: FileBytes): ITokenizer => new FileTokenizer(file)

class FileTokenizer extends AbstractTokenizer {
  override readonly fileInfo: { size: number }
  readonly #file: FileBytes
  readonly #deadline = performance.now() + DEADLINE_MILLISECONDS
  #reads = 0

  constructor(file: FileBytes) {
    super()
    this.#file = file
    this.fileInfo = { size: file.size }
  }

  override supportsRandomAccess(): boolean {
    return true
  }

  setPosition(position: number): void {
    this.position = position
  }

  override async readBuffer(target: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position } = this.normalizeOptions(target, options)
    const length = await this.peekBuffer(target, options)
    this.position = position + length
    return length
  }

  override async peekBuffer(target: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    this.#reads += 1
    if (this.#reads > READS_BEFORE_DEADLINE && performance.now() > this.#deadline)
      throw new Error('Detecting the media type took too long.')
    const { position, length, mayBeLess } = this.normalizeOptions(target, options)
    const bytes = await this.#file.read(position, length)
    if (bytes.length < length && !mayBeLess) throw new EndOfStreamError()
    target.set(bytes)
    return bytes.length
  }
}
