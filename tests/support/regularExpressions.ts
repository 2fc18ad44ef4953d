import { globSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import vm from 'node:vm'
import fc from 'fast-check'
import ts from 'typescript'

export interface Literal {
  readonly file: string
  readonly pattern: string
}

const source = resolve(import.meta.dirname, '../../src')

/** Every regular expression that is written down in src, once. */
export function findRegularExpressions(): Literal[] {
  const found = new Map<string, Literal>()
  for (const path of globSync(`${source}/**/*.{ts,js}`).sort()) {
    const visit = (node: ts.Node) => {
      if (ts.isRegularExpressionLiteral(node))
        found.set(node.text, { file: relative(source, path), pattern: node.text })
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true))
  }
  return [...found.values()]
}

/** Texts that such an expression might take long for: the beginning of a match, a piece of it many times, an end that may not fit. */
function attacks(expression: string, length: number): string[] {
  // The generator does not support lookahead, lookbehind and the escape of U+0000.
  const simple = expression.replace(/\(\?<?[=!](?:\[[^\]]*\]|\\.|[^()\\])*\)/g, '').replaceAll('\\0', '\\x00')
  const match = fc.stringMatching(new RegExp(simple), { size: 'xsmall' })
  const ends = fc.constantFrom('', '\0', '\n"')
  const pieces = fc.tuple(match, fc.nat(), fc.integer({ min: 1, max: 12 }), fc.boolean(), ends)
  return fc.sample(pieces, { numRuns: 1000, seed: 1 }).map(([text, at, size, whole, end]) => {
    const from = at % (text.length + 1)
    const piece = text.slice(from, from + size) || 'a'
    const rest = whole ? text.slice(from + size) : ''
    return `${text.slice(0, from)}${piece.repeat(length / piece.length)}${rest}${end}`
  })
}

const tryAll = new vm.Script(
  'for (const text of texts) { current = text; pattern.lastIndex = 0; pattern.test(text) }',
)

/** Tries an expression on a thousand texts of this length. The text at which the time ran out, or undefined. */
export function findSlowText(pattern: string, length: number, milliseconds: number): string | undefined {
  const [, expression = '', flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(pattern) ?? []
  const context = vm.createContext({
    texts: attacks(expression, length),
    pattern: new RegExp(expression, flags),
    current: '',
  })
  try {
    tryAll.runInContext(context, { timeout: milliseconds })
    return undefined
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    return `${JSON.stringify(context.current.slice(0, 60))}, ${context.current.length} characters`
  }
}
