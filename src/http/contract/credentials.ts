import type { IncomingHttpHeaders } from 'node:http'
import { credentialMisplaced, credentialsAmbiguous } from '../../errors/access.ts'
import { looksLikeCredential } from '../../runtime/credentialText.ts'
import { decodeParameter } from '../fields/query.ts'

/** A credential that a request presents, well formed or not. */
export interface PresentedCredential {
  readonly kind: 'key' | 'token'
  readonly text: string
}

/**
 * The access key or token that a request presents; undefined when there is none. A user and a password of Basic (RFC 7617) that
 * are nobody's key here belong to a proxy in front, and are no credential of ours; so does a token of Bearer (RFC 6750), unless
 * the service takes tokens. Throws `credentials-ambiguous` when there are two.
 */
export function presentedCredential(
  headers: IncomingHttpHeaders,
  { takesTokens }: { readonly takesTokens: boolean },
): PresentedCredential | undefined {
  const texts = [
    ...fromKeyHeader(headers['x-api-key']),
    ...fromAuthorization(headers.authorization, takesTokens),
  ]
  if (texts.length > 1) throw credentialsAmbiguous()
  return texts[0]
}

/** Node joins a repeated header with commas, which no key contains. An empty header is a variable of a client that is not set. */
const fromKeyHeader = (value: string | string[] | undefined) =>
  String(value ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(toKey)

const toKey = (text: string): PresentedCredential => ({ kind: 'key', text })

/** The syntax of credentials is RFC 9110, 11.4. Node joins a repeated header with commas, as above. */
const fromAuthorization = (value: string | undefined, takesTokens: boolean) =>
  (value ?? '').split(',').flatMap((part) => {
    const [scheme = '', ...words] = part.trim().split(/[ \t]+/)
    switch (scheme.toLowerCase()) {
      case 'bearer':
        return fromBearer(words, takesTokens)
      case 'basic':
        return words.flatMap((word) => fromBasic(Buffer.from(word, 'base64').toString()))
      default:
        return []
    }
  })

/** Every key counts, so that none hides behind another word; of a token there is one word. */
function fromBearer(words: readonly string[], takesTokens: boolean): PresentedCredential[] {
  const keys = words.filter(looksLikeCredential)
  const [text, ...others] = words
  if (keys.length > 0 || !takesTokens || text === undefined || others.length > 0) return keys.map(toKey)
  return [{ kind: 'token', text }]
}

/** A key is the password, with any user; or the user, with an empty password, as `curl -u $KEY:` sends it; or there are two. */
function fromBasic(text: string): PresentedCredential[] {
  const colon = text.indexOf(':')
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  const texts = looksLikeCredential(password) || password === '' ? [user, password] : []
  return texts.filter(looksLikeCredential).map(toKey)
}

const KEY = /upfk_[0-9A-Za-z]{50}/

/**
 * Throws `credential-misplaced` for a target with the text of an access key in it, whether there is such a key or not: it is in
 * somebody's log by now.
 */
export function refuseMisplacedKey(target: string): void {
  // Most targets have nothing that could be decoded to a key.
  if (!/upfk|%/i.test(target)) return
  if (KEY.test(target) || KEY.test(decodeParameter(target))) throw credentialMisplaced('the address')
}
