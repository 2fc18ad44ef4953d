import { fileTypeFromTokenizer } from 'file-type'
import { fromBuffer, type ITokenizer } from 'strtok3/core'

const DEADLINE_MILLISECONDS = 50
/** No honest file needs this number of reads. A deadline alone would change the result on a busy machine. */
const READS_BEFORE_DEADLINE = 1000

/** Kinds of text that look alike: among these the client's word decides. Browsers show none of them as a page. */
const TEXT_TYPES =
  /^(text\/(plain|csv|tab-separated-values|markdown|css|calendar|vcard|vtt|x-[\w.-]+|yaml|rtf)|application\/(json|[\w.-]+\+json|x-ndjson|yaml|x-yaml|toml|javascript|sql|x-sh|graphql))$/

// A comment matches in one way only. With `[\s\S]*?` instead, the time would double with each comment.
const HTML =
  /^\s*(<!--(?:(?!-->)[\s\S])*-->\s*)*<(!doctype\s+html|html|head|body|script|iframe|title|table|div|p|a|img|style|h1|br|font|b)[\s>/]/i
const SVG = /^\s*(<\?xml[^>]*>\s*)?(<!--(?:(?!-->)[\s\S])*-->\s*)*(<!doctype\s+svg[^>]*>\s*)?<svg[\s>]/i
const XML = /^\s*<\?xml[\s?]/i

const CONTROL_CHARACTER = /[\0-\x08\x0e-\x1a\x1c-\x1f]/

/** The beginnings of text formats with a media type of their own. */
const MARKED_TEXT = /^(%!|%PDF|<|\{\\rtf|BEGIN:|-----|#!AMR|SFW|d8:)/

/**
 * Detects the media type from the first bytes of a file (at most 4,100). The declared type counts only between kinds of text.
 * Bytes that keep a detector busy for more than 50 ms are `application/octet-stream`.
 */
export async function detectMediaType(head: Buffer, declared: string | undefined): Promise<string> {
  const text = toText(head)
  // In readable text, a magic number is a word: many texts begin with BM, and few bitmaps are readable.
  const known = text === undefined || MARKED_TEXT.test(text) ? await detectKnownType(head) : undefined
  if (known !== undefined && known !== 'application/xml') return known
  if (text === undefined) return known ?? 'application/octet-stream'
  if (SVG.test(text)) return 'image/svg+xml'
  if (HTML.test(text)) return 'text/html'
  if (XML.test(text)) return 'application/xml'
  const declaredType = parseMediaType(declared)
  return declaredType !== undefined && TEXT_TYPES.test(declaredType) ? declaredType : 'text/plain'
}

/** The essence of a media type, in lower case and without parameters; undefined for text that is no media type. */
export function parseMediaType(text: string | undefined): string | undefined {
  const essence = text?.split(';', 1)[0]?.trim().toLowerCase()
  return essence !== undefined && /^[\w!#$&^.+-]{1,126}\/[\w!#$&^.+-]{1,126}$/.test(essence)
    ? essence
    : undefined
}

/** Whether a list of types, or families as `image/*`, contains this type. The empty list contains every type. */
export const allowsType = (allowed: readonly string[], type: string): boolean =>
  allowed.length === 0 ||
  allowed.some((entry) => (entry.endsWith('/*') ? type.startsWith(entry.slice(0, -1)) : entry === type))

async function detectKnownType(head: Buffer): Promise<string | undefined> {
  try {
    const type = await fileTypeFromTokenizer(withDeadline(fromBuffer(head)))
    return parseMediaType(type?.mime)
  } catch {
    return undefined // the bytes are cut short, malformed or too slow to examine
  }
}

/** Makes the tokenizer throw after the deadline. Every loop of a detector reads from its tokenizer, so every loop ends. */
function withDeadline(tokenizer: ITokenizer): ITokenizer {
  const deadline = performance.now() + DEADLINE_MILLISECONDS
  let reads = 0
  return new Proxy(tokenizer, {
    get(target, property) {
      reads += 1
      if (reads > READS_BEFORE_DEADLINE && performance.now() > deadline)
        throw new Error('Detecting the media type took too long.')
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  })
}

/** Decodes bytes as text; undefined when they are no text. UTF-16 is recognised only with a byte order mark. */
function toText(head: Buffer): string | undefined {
  if (head.length === 0) return undefined
  const encoding = encodingOf(head)
  // In UTF-8 a control character is one byte, so most binary formats are recognised without decoding.
  if (encoding === 'utf-8' && CONTROL_CHARACTER.test(head.toString('latin1'))) return undefined
  try {
    // `stream`: the head may end in the middle of a character.
    const text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true })
    return CONTROL_CHARACTER.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

function encodingOf(head: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8'
}
