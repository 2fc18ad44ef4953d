import { isKindOfXml } from '../values/textKinds.ts'

/** Elements that begin a page, and elements that begin a part of one. */
const PAGE = /<(!doctype\s+html|html|head|body|script|iframe|style)(?=[\s>/])/iy
const PART = /<(title|table|div|p|a|img|h1|br|font|b)(?=[\s>/])/iy
const SVG = /<(?:([\w.-]+):)?svg(?=[\s/>])/iy
const SVG_NAMESPACE = 'http://www.w3.org/2000/svg'
const ELEMENT = /<(?:([\w.-]+):)?[a-z][\w.-]*(?=[\s/>])/iy
const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml'
const XML = /^\s*<\?xml[\s?]/i
const DOCTYPE_HTML = /<!doctype\s+html(?=[\s>])/iy

/** The media type of a text that begins as HTML, SVG or XML. */
export interface Markup {
  readonly type: 'text/html' | 'application/xhtml+xml' | 'image/svg+xml' | 'application/xml'
  /** Whether the text is of another type if its sender says so: the bytes do not decide. */
  mayBe(claimed: string): boolean
}

/**
 * Finds the markup that a text begins with. The first element decides, wherever it stands behind comments, instructions and a
 * document type. The time grows with the length of the text only.
 */
export function findMarkup(text: string): Markup | undefined {
  const isXml = XML.test(text)
  const root = findRoot(text, 0)
  const svg = matchAt(SVG, text, root)
  if (svg && (svg[1] === undefined || text.includes(SVG_NAMESPACE)))
    return { type: 'image/svg+xml', mayBe: () => false }
  const isXhtml = isOfXhtml(text, root)
  if (isXml && isXhtml) return { type: 'application/xhtml+xml', mayBe: () => false }
  if (isXml) return { type: 'application/xml', mayBe: isKindOfXml }
  if (isXhtml) return { type: 'text/html', mayBe: (type) => type === 'application/xhtml+xml' }
  if (matchAt(PAGE, text, root)) return { type: 'text/html', mayBe: () => false }
  // No declaration of XML need come first, and Markdown may begin with any part of a page.
  return matchAt(PART, text, root) ? { type: 'text/html', mayBe: isMarkdownOrXml } : undefined
}

const isMarkdownOrXml = (type: string) => type === 'text/markdown' || isKindOfXml(type)

/** Whether the first element is of XHTML, under this or any other prefix. */
function isOfXhtml(text: string, root: number): boolean {
  const doctype = matchAt(DOCTYPE_HTML, text, root)
  const start = doctype ? findRoot(text, behindDoctype(text, root + doctype[0].length)) : root
  const element = matchAt(ELEMENT, text, start)
  if (!element) return false
  const attributes = text.slice(start, behind(text, '>', start))
  const name = element[1] === undefined ? 'xmlns' : `xmlns:${element[1]}`
  return ['"', "'"].some((quote) => attributes.includes(`${name}=${quote}${XHTML_NAMESPACE}${quote}`))
}

function matchAt(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index
  return pattern.exec(text)
}

/** The index of the first element, or of the document type of HTML; the length of the text when there is none. */
function findRoot(text: string, from: number): number {
  const blank = /\s*/y
  const doctype = /<!doctype\s+(?!\s|html[\s>])/iy
  for (let index = from; ; ) {
    blank.lastIndex = index
    blank.test(text)
    index = blank.lastIndex
    doctype.lastIndex = index
    if (text.startsWith('<!--', index)) index = behind(text, '-->', index + 4)
    else if (text.startsWith('<?', index)) index = behind(text, '?>', index + 2)
    else if (doctype.test(text)) index = behindDoctype(text, doctype.lastIndex)
    else return index
  }
}

function behind(text: string, end: string, from: number): number {
  const index = text.indexOf(end, from)
  return index < 0 ? text.length : index + end.length
}

/** The index behind a document type, which may hold declarations in brackets, with `>` in their texts and comments. */
function behindDoctype(text: string, from: number): number {
  const token = /<!--|<\?|["'[\]>]/g
  token.lastIndex = from
  let inside = false
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [mark] = found
    if (mark === '[' || mark === ']') inside = mark === '['
    else if (mark === '>') {
      if (!inside) return token.lastIndex
    } else {
      const end = mark === '<!--' ? '-->' : mark === '<?' ? '?>' : mark
      token.lastIndex = behind(text, end, token.lastIndex)
    }
  }
  return text.length
}
