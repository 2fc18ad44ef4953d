const ID_CHARACTERS = 12

/** The shortest header of a JWT: `{"alg":"x"}` in base64url. */
const JWT_HEADER_CHARACTERS = 15

/**
 * Cuts the secrets in a text, which may be JSON and stays JSON: a credential of upfile to its prefix and id, a JWT to `jwt…`,
 * the value of `signature=` to nothing. Also cuts a secret of which the text has only the beginning.
 */
export const redact = (text: string): string =>
  // Behind its first letters no alternative can fail, so the time is linear. No word boundary: JSON writes a line end as `\n`.
  text.replace(
    /upf[kgs](?:_|%5[Ff])\w*|eyJ[\w-]*(?:\.[\w-]*)*|[Ss]ignature(?:=|%3[Dd])[^\s"'&<>\\]*/g,
    withoutSecret,
  )

function withoutSecret(found: string): string {
  const [beginning = ''] = /^(?:upf.(?:_|%5.)|.ignature(?:=|%3.))/.exec(found) ?? []
  if (beginning.startsWith('upf')) return found.slice(0, beginning.length + ID_CHARACTERS)
  if (beginning !== '') return beginning
  return hasJwt(found) ? 'jwt…' : found
}

/** Whether one of the parts that end with a dot is the header of a JWT: `monkeyJar.min.js` is a name. */
const hasJwt = (parts: string) =>
  parts
    .split('.')
    .slice(0, -1)
    .some((part) => part.includes('eyJ') && part.length - part.indexOf('eyJ') >= JWT_HEADER_CHARACTERS)
