import { type ParsedUrlQuery, parse } from 'node:querystring'
import { decodeText } from './decodeText.ts'

/** Parses a query; a repeated parameter becomes an array. Names and values may be percent-encoded Windows-1252, as in forms. */
export const parseQuery = (query: string): ParsedUrlQuery =>
  parse(query, '&', '=', { decodeURIComponent: decodeParameter })

/** Decodes the percent-encoded name or value of a query parameter; beside its escapes it is ASCII. */
export const decodeParameter = (text: string): string =>
  decodeText(Buffer.from(text.replace(/%([0-9a-f]{2})/gi, toCharacter), 'latin1'))

/** The key in `<object>[<key>]`, the name of a parameter that is a member of an object; undefined for any other name. */
export const memberKey = (object: string, name: string): string | undefined =>
  name.startsWith(`${object}[`) && name.endsWith(']')
    ? name.slice(object.length + 1, -1) || undefined
    : undefined

const toCharacter = (_escape: string, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))
