import { parseKeyName, parsePatterns, parsePrefix } from '../domain/access/keyFields.ts'
import { defaultOverlapSeconds } from '../domain/access/keys.ts'
import { FileServiceError } from '../errors.ts'
import { everyFile, type Scope, scopes } from '../model/actor.ts'
import type { Call } from './command.ts'

/** A call of `upfile keys` whose words and options are understood. */
export type KeyCall = { readonly json: boolean } & (
  | {
      readonly action: 'create'
      readonly fields: {
        readonly name: string
        readonly scopes: readonly Scope[]
        readonly buckets: readonly string[]
        readonly prefix: string
        readonly ratePerMinute: number | null
        readonly requestsPerMonth: number | null
      }
      /** Undefined means that the key does not expire. */
      readonly expiresInSeconds: number | undefined
    }
  | { readonly action: 'rotate'; readonly target: string; readonly overlapSeconds: number }
  | { readonly action: 'revoke'; readonly target: string; readonly descendants: boolean }
  | { readonly action: 'list' }
  | { readonly action: 'generate' }
)

/** The options of each action, beside --json. */
const optionsOf: Readonly<Record<KeyCall['action'], readonly string[]>> = {
  create: ['scope', 'bucket', 'prefix', 'rate', 'per-month', 'expires-in'],
  list: [],
  rotate: ['overlap'],
  revoke: ['descendants'],
  generate: [],
}
const actions = ['create', 'list', 'rotate', 'revoke', 'generate'] as const

/** Understands the words and options of a call. A text says which of them is wrong. */
export function readKeyCall({ words: [word = '', target = ''], options }: Call): KeyCall | string {
  const action = actions.find((each) => each === word)
  const choices = actions.join(', ')
  if (action === undefined) return word === '' ? `say one of ${choices}` : `"${word}" is none of ${choices}`
  const known = ['json', ...optionsOf[action]]
  const foreign = Object.keys(options).find((option) => !known.includes(option))
  if (foreign !== undefined) return `"${action}" takes no option "--${foreign}"`
  const json = options.json === true
  if (action === 'list' || action === 'generate')
    return target === '' ? { action, json } : `"${target}" is one word too many`
  if (target === '') return action === 'create' ? 'name the new key' : 'say the name or the id of the key'
  if (action === 'revoke') return { action, json, target, descendants: options.descendants === true }
  return action === 'create' ? readCreate(target, options, json) : readRotate(target, options, json)
}

/** As in the API. */
const LONGEST_LIFE_SECONDS = 9_999_999_999

function readCreate(name: string, options: Call['options'], json: boolean): KeyCall | string {
  const wanted = listOf(options.scope) ?? ['read', 'list', 'write', 'delete']
  const unknown = wanted.find((text) => !isScope(text))
  if (unknown !== undefined) return `there is no scope "${unknown}", only ${scopes.join(', ')}`
  const expiresInSeconds = readSeconds(options['expires-in'], 1, LONGEST_LIFE_SECONDS)
  if (expiresInSeconds === 'wrong') return `"--expires-in" must be a time as 90d, 12h, 30m or 60s`
  const ratePerMinute = readLimit(options.rate, mostPerMinute)
  if (ratePerMinute === 'wrong') return '"--rate" must be a number of requests in a minute, as 600'
  const requestsPerMonth = readLimit(options['per-month'], mostPerMonth)
  if (requestsPerMonth === 'wrong') return '"--per-month" must be a number of requests in a month, as 100000'
  try {
    const fields = {
      name: parseKeyName(name),
      scopes: wanted.filter(isScope),
      buckets: parsePatterns(listOf(options.bucket) ?? everyFile.buckets),
      prefix: parsePrefix(String(options.prefix ?? everyFile.prefix)),
      ratePerMinute,
      requestsPerMonth,
    }
    return { action: 'create', json, fields, expiresInSeconds }
  } catch (error) {
    if (error instanceof FileServiceError) return error.message
    throw error
  }
}

/** As in the API. */
const LONGEST_OVERLAP_SECONDS = 2_592_000

function readRotate(target: string, options: Call['options'], json: boolean): KeyCall | string {
  const seconds = readSeconds(options.overlap, 0, LONGEST_OVERLAP_SECONDS)
  if (seconds === 'wrong') return '"--overlap" must be a time as 3600 or 1h, of at most 30d'
  return { action: 'rotate', json, target, overlapSeconds: seconds ?? defaultOverlapSeconds }
}

/** As in the API. */
const [mostPerMinute, mostPerMonth] = [1_000_000, 1_000_000_000_000]

/** A number from 1 to `most`; null, for any number, when the option was not given. */
function readLimit(given: unknown, most: number): number | 'wrong' | null {
  if (given === undefined) return null
  const limit = /^\d{1,15}$/.test(String(given)) ? Number(given) : 0
  return limit >= 1 && limit <= most ? limit : 'wrong'
}

const isScope = (text: string): text is Scope => scopes.some((scope) => scope === text)

/** The entries of an option that may be repeated and may hold several, with commas; undefined when it was not given. */
const listOf = (given: unknown): readonly string[] | undefined =>
  Array.isArray(given) ? given.flatMap((text) => String(text).split(',')) : undefined

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds as in `90d`, from `least` to `most`; undefined when the option was not given. */
function readSeconds(given: unknown, least: number, most: number): number | 'wrong' | undefined {
  if (given === undefined) return undefined
  const [, digits = '', unit = ''] = /^(\d{1,10})([smhd]?)$/.exec(String(given)) ?? []
  const seconds = digits === '' ? Number.NaN : Number(digits) * (SECONDS[unit] ?? Number.NaN)
  return seconds >= least && seconds <= most ? seconds : 'wrong'
}
