import { listUploadParts } from '../../database/rows/uploadParts.ts'
import type { Deps } from '../../deps.ts'
import { matchesCheck } from '../../digests/blockChecks.ts'
import { partsInvalid } from '../../errors/uploads.ts'
import { hasCode } from '../../errors.ts'
import { blockBytes, type Receipt } from '../../model/blob.ts'
import type { UploadPart } from '../../model/upload.ts'
import { readBlocks } from '../../storage/readBlocks.ts'
import { receiveBytes } from '../storing/receiveBytes.ts'
import { joinInStorage } from './joinInStorage.ts'
import { etagOf, maxBytesOf, type UploadInParts } from './parts.ts'
import { type PartsList, withoutQuotes } from './partsList.ts'

/**
 * Puts parts together and returns their receipt. Parts that the service keeps are written once more, as one. Throws
 * `parts-invalid`, what `receiveBytes` throws, and for parts in S3 what `joinInStorage` throws.
 */
export async function receiveParts(
  deps: Deps,
  { upload, location }: UploadInParts,
  list: PartsList,
): Promise<Receipt> {
  const { id, size } = upload
  const maxBytes = await maxBytesOf(deps, upload)
  if (location.in === 'storage') return await joinInStorage(deps, { upload, location, maxBytes }, list)
  const received = new Map((await listUploadParts(deps.db, id)).map((part) => [part.number, part]))
  const chosen = list.parts.map(({ partNumber, etag }) => {
    const part = received.get(partNumber)
    if (!part || withoutQuotes(etagOf(part.md5)) !== withoutQuotes(etag))
      throw partsInvalid(`part ${partNumber} was not received, or has another ETag`)
    return part
  })
  const declaredBytes = chosen.reduce((sum, part) => sum + part.size, 0)
  if (size !== null && declaredBytes !== size)
    throw partsInvalid(`all parts together have ${declaredBytes} bytes, not the ${size} that were announced`)
  return await receiveBytes(deps, bytesOf(deps, chosen), { sha512: false, declaredBytes, maxBytes })
}

/** The bytes of all parts, one after the other, each block compared with its CRC-32. Throws `parts-invalid`. */
async function* bytesOf({ storage }: Deps, parts: readonly UploadPart[]) {
  for (const { number, storageKey, size, blockCrc32 } of parts) {
    if (size === 0) continue
    try {
      const blocks = readBlocks(storage, storageKey, { first: 0, last: size - 1 }, blockBytes)
      let index = 0
      for await (const block of blocks) {
        if (blockCrc32 && !matchesCheck(block, blockCrc32, index))
          throw partsInvalid(`part ${number} is damaged and has to be sent again`)
        index += 1
        yield Buffer.from(block) // a copy: the storage overwrites its buffer
      }
    } catch (error) {
      throw hasCode(error, 'file-not-found') ? partsInvalid(`part ${number} does not exist any more`) : error
    }
  }
}
