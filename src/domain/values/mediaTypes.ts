import { fileTypeFromTokenizer } from 'file-type'
import { fromBuffer, type ITokenizer } from 'strtok3/core'

const DEADLINE_MILLISECONDS = 50
/** What no honest file needs: on a busy machine a deadline alone would change what its bytes are. */
const READS_BEFORE_DEADLINE = 1000

/** Kinds of text that look alike: among these the client's word decides. None of them is shown by a browser as a page. */
const TEXT_TYPES =
  /^(text\/(plain|csv|tab-separated-values|markdown|css|calendar|vcard|vtt|x-[\w.-]+|yaml|rtf)|application\/(json|[\w.-]+\+json|x-ndjson|yaml|x-yaml|toml|javascript|sql|x-sh|graphql))$/

// A comment may match in one way only: with `[\s\S]*?` many of them take time that doubles with each.
const HTML =
  /^\s*(<!--(?:(?!-->)[\s\S])*-->\s*)*<(!doctype\s+html|html|head|body|script|iframe|title|table|div|p|a|img|style|h1|br|font|b)[\s>/]/i
const SVG = /^\s*(<\?xml[^>]*>\s*)?(<!--(?:(?!-->)[\s\S])*-->\s*)*(<!doctype\s+svg[^>]*>\s*)?<svg[\s>]/i
const XML = /^\s*<\?xml[\s?]/i

const CONTROL_CHARACTER = /[\0-\x08\x0e-\x1a\x1c-\x1f]/

/** Formats that are text and have a type of their own begin like this. */
const MARKED_TEXT = /^(%!|%PDF|<|\{\\rtf|BEGIN:|-----|#!AMR|SFW|d8:)/

/**
 * What bytes are, told from the first of them (at most 4,100) and not from what the client said. The client's word
 * counts only between kinds of text. Bytes that keep a detector busy for 50 ms are `application/octet-stream`.
 */
export async function detectMediaType(head: Buffer, declared: string | undefined): Promise<string> {
  const text = toText(head)
  // A magic number in the middle of readable text is a word: many a text begins with BM, few bitmaps are readable.
  const known = text === undefined || MARKED_TEXT.test(text) ? await detectKnownType(head) : undefined
  if (known !== undefined && known !== 'application/xml') return known
  if (text === undefined) return known ?? 'application/octet-stream'
  if (SVG.test(text)) return 'image/svg+xml'
  if (HTML.test(text)) return 'text/html'
  if (XML.test(text)) return 'application/xml'
  const said = parseMediaType(declared)
  return said !== undefined && TEXT_TYPES.test(said) ? said : 'text/plain'
}

/** The essence of a media type, in lower case and without parameters; undefined when it is none. */
export function parseMediaType(text: string | undefined): string | undefined {
  const essence = text?.split(';', 1)[0]?.trim().toLowerCase()
  return essence !== undefined && /^[\w!#$&^.+-]{1,126}\/[\w!#$&^.+-]{1,126}$/.test(essence)
    ? essence
    : undefined
}

/** Whether a list of types, `image/*` for a family, holds this one. The empty list holds all. */
export const allowsType = (allowed: readonly string[], type: string): boolean =>
  allowed.length === 0 ||
  allowed.some((entry) => (entry.endsWith('/*') ? type.startsWith(entry.slice(0, -1)) : entry === type))

async function detectKnownType(head: Buffer): Promise<string | undefined> {
  try {
    const type = await fileTypeFromTokenizer(withDeadline(fromBuffer(head)))
    return parseMediaType(type?.mime)
  } catch {
    return undefined // cut short, malformed or too slow: then it is nothing we can vouch for
  }
}

/** Every loop of a detector reads through its tokenizer, so a clock in the tokenizer ends every loop. */
function withDeadline(tokenizer: ITokenizer): ITokenizer {
  const until = performance.now() + DEADLINE_MILLISECONDS
  let reads = 0
  return new Proxy(tokenizer, {
    get(target, property) {
      reads += 1
      if (reads > READS_BEFORE_DEADLINE && performance.now() > until)
        throw new Error('The media type took too long to tell.')
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  })
}

/** The text that bytes are; undefined when they are not text. UTF-16 is text only with its byte order mark. */
function toText(head: Buffer): string | undefined {
  if (head.length === 0) return undefined
  const encoding = encodingOf(head)
  // In UTF-8 a control character is a byte of its own: most bytes that are no text are found out without decoding.
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
