import { fileTypeFromTokenizer } from 'file-type'
import { FileServiceError } from '../../errors.ts'
import { canonicalType } from '../values/mediaTypeNames.ts'
import { parseMediaType } from '../values/mediaTypes.ts'
import { isKindOfXml, kindByName, kindOfText } from '../values/textKinds.ts'
import { detectCompound } from './compound.ts'
import type { FileBytes } from './fileBytes.ts'
import { heifType } from './heif.ts'
import { isIcon, typeByMark } from './magic.ts'
import { findMarkup, type Markup } from './markup.ts'
import { isPdfBehindBytes, isPdfBehindText, isReadablePdf } from './pdf.ts'
import { markedType, readText } from './text.ts'
import { createTokenizer } from './tokenizer.ts'
import { detectZip } from './zip.ts'

/** What the sender says about a file. It counts only where bytes cannot decide. */
export interface Declaration {
  /** The declared media type, with its parameters. */
  readonly declaredType: string | undefined
  readonly name: string | undefined
}

/**
 * Detects the media type of a file, under the name that IANA has registered. The claim decides between kinds of text, and
 * between sound and pictures in one container. Bytes that keep a detector busy for more than 50 ms are
 * `application/octet-stream`. Throws what reading throws.
 */
export async function detectMediaType(file: FileBytes, claim: Declaration): Promise<string> {
  if (file.size === 0) return emptyType(claim)
  const text = readText(file.head)
  if (text !== undefined) return typeOfText(text, claim)
  const known = await knownType(file)
  return known === undefined ? 'application/octet-stream' : chooseTrack(known, claim)
}

/** The type of a text. In readable text, a magic number is a word: many texts begin with BM, and few bitmaps are readable. */
function typeOfText(text: string, claim: Declaration): string {
  if (isReadablePdf(text)) return 'application/pdf'
  const marked = markedType(text)
  if (marked !== undefined) return marked
  const markup = findMarkup(text)
  if (markup !== undefined) return typeOfMarkup(markup, claim)
  // A declared type that is no kind of text cannot be right: then the ending of the name decides.
  const kinds = [kindOfText(claim.declaredType), kindByName(claim.name)].filter((kind) => kind !== undefined)
  const mayBeXml = /^\s*</.test(text)
  return kinds.find((kind) => mayBeXml || !isKindOfXml(kind)) ?? 'text/plain'
}

function typeOfMarkup({ type, mayBe }: Markup, { declaredType, name }: Declaration): string {
  const declared = parseMediaType(declaredType)
  const claims = [declared && canonicalType(declared), kindByName(name)].filter(
    (claim) => claim !== undefined,
  )
  return claims.find((claim) => claim === type || mayBe(claim)) ?? type
}

/** An empty file is a text if its sender says nothing else. */
function emptyType({ declaredType = '', name }: Declaration): string {
  const kind = kindOfText(declaredType)
  if (kind !== undefined) return kind
  const byName = /^\s*(application\/|$)/i.test(declaredType) ? kindByName(name) : undefined
  return byName ?? 'application/octet-stream'
}

async function knownType(file: FileBytes): Promise<string | undefined> {
  const { head } = file
  if (head[0] === 0x1f && head[1] === 0x8b) return 'application/gzip' // file-type would unpack it
  if (isPdfBehindText(head)) return 'application/pdf'
  const known =
    (await detectZip(file)) ?? (await detectCompound(file)) ?? typeByMark(head) ?? (await detectByMagic(file))
  if (known !== undefined) return known
  if (isPdfBehindBytes(head)) return 'application/pdf'
  // Some programs leave a gap between the tag and the sound.
  return head.toString('latin1', 0, 3) === 'ID3' ? 'audio/mpeg' : undefined
}

async function detectByMagic(file: FileBytes): Promise<string | undefined> {
  try {
    const type = parseMediaType((await fileTypeFromTokenizer(createTokenizer(file)))?.mime)
    if (type === 'image/x-icon' && !isIcon(file.head)) return undefined
    return type === 'image/heif' ? heifType(file.head) : type
  } catch (error) {
    if (error instanceof FileServiceError) throw error
    return undefined // the bytes are cut short, malformed or too slow to examine
  }
}

/** Containers that may hold sound alone, pictures or both: the bytes name the container, the sender tells the rest. */
const CONTAINER = /^(?:video\/(webm|matroska|mp4|3gpp|3gpp2)|application\/(ogg))$/

/** Endings of names that such containers have when they hold sound alone. */
const SOUND = /\.(m4a|m4b|m4r|mka|weba|oga|opus|spx)$/i

function chooseTrack(known: string, { declaredType, name }: Declaration): string {
  const [, picture, either] = CONTAINER.exec(known) ?? []
  const container = picture ?? either
  const declared = /^\s*(audio|video)\//i.exec(declaredType ?? '')?.[1]?.toLowerCase()
  const track = declared ?? (SOUND.test(name ?? '') ? 'audio' : undefined)
  return container !== undefined && track !== undefined ? `${track}/${container}` : canonicalType(known)
}
