import { sql } from 'kysely'
import type { Database } from '../schema.ts'

/**
 * Whether the index of trigrams finds names that contain this text: not by one or two letters, nor by punctuation alone. Whether
 * letters beyond ASCII count as letters is up to the locale of the database.
 */
export async function hasTrigram(db: Database, text: string): Promise<boolean> {
  if (hasTrigramOf(text, /[a-z0-9]+/gi, /[\0-\x7f]/)) return true
  if (!hasTrigramOf(text, /[\p{L}\p{N}]+/gu, /./su)) return false
  const letters = text.replace(/[\0-\x7f]/g, '')
  const { rows } = await sql<{ known: boolean }>`select show_trgm(${letters}) <> '{}' as known`.execute(db)
  return rows[0]?.known ?? false
}

/**
 * The index has the trigrams of each word, with two blanks before the word and one behind. The text may begin and end inside of
 * a word, which only a character of `boundaries` rules out.
 */
function hasTrigramOf(text: string, words: RegExp, boundaries: RegExp): boolean {
  return [...text.matchAll(words)].some(({ 0: word, index }) => {
    const before = boundaries.test(text.slice(0, index).slice(-1)) ? 2 : 0
    const behind = boundaries.test(text.slice(index + word.length, index + word.length + 1)) ? 1 : 0
    return before + [...word].length + behind >= 3
  })
}
