import { createFileBytes, type FileBytes } from '../../src/domain/detection/fileBytes.ts'
import { headBytes } from '../../src/model/blob.ts'

/** A file of these bytes as detection sees it: the head, and the rest when it is read back. */
export const fileBytesOf = (bytes: Buffer): FileBytes =>
  createFileBytes({ size: bytes.length, head: bytes.subarray(0, headBytes) }, async ({ first, last }) =>
    bytes.subarray(first, last + 1),
  )
