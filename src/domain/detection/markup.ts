const HTML =
  /<(!doctype\s+html|html|head|body|script|iframe|title|table|div|p|a|img|style|h1|br|font|b)(?=[\s>/])/iy
const SVG = /<(?:([\w.-]+):)?svg(?=[\s/>])/iy
const SVG_NAMESPACE = 'http://www.w3.org/2000/svg'
const XML = /^\s*<\?xml[\s?]/i

/**
 * The media type of a text that begins as HTML, SVG or XML. The first element decides between SVG and other XML, wherever it
 * stands behind comments, instructions and a document type. The time grows with the length of the text only.
 */
export function markupType(text: string): 'text/html' | 'image/svg+xml' | 'application/xml' | undefined {
  const isXml = XML.test(text)
  const root = findRoot(text)
  SVG.lastIndex = root
  const svg = SVG.exec(text)
  if (svg && (svg[1] === undefined || text.includes(SVG_NAMESPACE))) return 'image/svg+xml'
  if (isXml) return 'application/xml'
  HTML.lastIndex = root
  return HTML.test(text) ? 'text/html' : undefined
}

/** The index of the first element, or of the document type of HTML; the length of the text when there is none. */
function findRoot(text: string): number {
  const blank = /\s*/y
  const doctype = /<!doctype\s+(?!html[\s>])/iy
  for (let index = 0; ; ) {
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
