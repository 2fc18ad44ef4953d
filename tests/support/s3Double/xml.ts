import { refusal } from './refusal.ts'

/** An element to write: its name, and its text or its elements. Undefined leaves it out. */
export type XmlElement = readonly [name: string, content: XmlContent]
export type XmlContent = string | number | boolean | undefined | readonly XmlElement[]

/** An element that was read. */
export interface XmlNode {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlNode[]
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

export function toXml(name: string, content: readonly XmlElement[], namespace = NAMESPACE): string {
  const attribute = namespace === '' ? '' : ` xmlns="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${content.map(write).join('')}</${name}>`
}

function write([name, content]: XmlElement): string {
  if (content === undefined) return ''
  const inner = typeof content === 'object' ? content.map(write).join('') : escapeText(String(content))
  return `<${name}>${inner}</${name}>`
}

const named: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }
const escapeText = (text: string) =>
  text.replace(/[<>&"\x00-\x1f]/g, (found) => named[found] ?? `&#x${found.charCodeAt(0).toString(16)};`)

const TOKEN = /<\?[^>]*\?>|<(\/?)([A-Za-z][\w:.-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+)/gy

/** The root element. Throws `MalformedXML`, also for comments, CDATA and a document type, which no client of S3 sends. */
export function parseXml(document: string): XmlNode {
  const malformed = () => refusal('MalformedXML', 'The XML you provided was not well-formed.')
  const root = { name: '', text: '', children: [] as XmlNode[] }
  const open = [root]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < document.length) {
    const token = TOKEN.exec(document)
    const parent = open.at(-1)
    if (!token || !parent) throw malformed()
    const [, closes, name, closesAtOnce, text] = token
    if (text !== undefined) parent.text += unescapeText(text)
    if (name === undefined) continue
    if (closes) {
      if (open.pop()?.name !== name) throw malformed()
      continue
    }
    const element = { name, text: '', children: [] as XmlNode[] }
    parent.children.push(element)
    if (!closesAtOnce) open.push(element)
  }
  const [first, ...more] = root.children
  if (!first || more.length > 0 || open.length !== 1 || root.text.trim() !== '') throw malformed()
  return first
}

const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const unescapeText = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name = '') => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return characters[name] ?? whole
  })

export const childrenOf = ({ children }: XmlNode, name: string): XmlNode[] =>
  children.filter((child) => child.name === name)

export const textOf = (node: XmlNode, name: string): string | undefined => childrenOf(node, name)[0]?.text
