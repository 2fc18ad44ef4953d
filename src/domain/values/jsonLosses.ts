/** The first place in a JSON text that `JSON.parse` would change silently. */
export interface JsonLoss {
  /** The key of the outermost object whose value has the place; undefined for a place in the outermost object itself. */
  readonly member: string | undefined
  /** The end of a sentence that begins with the name of the text; names the key. */
  readonly detail: string
}

/**
 * Texts with a following colon if they are keys, numbers, and the limits of objects. The closing quote may be missing: else each
 * quote inside an unclosed text would be tried as a beginning of its own, in quadratic time.
 */
const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*"?)(\s*:)?|-?\d[\d.eE+-]*|[{}]/gs

/** Deepest nesting of objects that is searched; the parsers refuse deeper JSON. */
const MAX_DEPTH = 32

/**
 * Finds a key that an object has twice, of which `JSON.parse` keeps the last, and a whole number in digits alone beyond
 * ±(2^53 - 1), which it rounds. A number with a fraction or an exponent passes, because its sender means a floating-point number.
 * Undefined when there is none, and for a text that is no JSON.
 */
export function findJsonLoss(text: string): JsonLoss | undefined {
  /** For each open object its keys, and the last of them. */
  const open: { readonly keys: Set<string>; last: string }[] = []
  for (const [token, quoted, colon] of text.matchAll(TOKEN)) {
    if (open.length > MAX_DEPTH) return undefined
    const object = open.at(-1)
    const member = open.length > 1 ? open[0]?.last : undefined
    if (token === '{') open.push({ keys: new Set(), last: '' })
    else if (token === '}') open.pop()
    else if (quoted === undefined) {
      if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)))
        return {
          member,
          detail: `has a whole number beyond ±9007199254740991 in ${shown(object?.last ?? '')}: send it as text`,
        }
    } else if (colon !== undefined && object) {
      const key = decode(quoted)
      object.last = key
      if (object.keys.has(key)) return { member, detail: `has the key ${shown(key)} twice` }
      object.keys.add(key)
    }
  }
  return undefined
}

/** A key without its quotes and escapes. A malformed one stays as it is: the parser of the text refuses it. */
function decode(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted
  }
}

const shown = (key: string) => JSON.stringify(key.slice(0, 100))
