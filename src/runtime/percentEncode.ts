/** Percent-encodes everything but the unreserved characters of RFC 3986, 2.3: no proxy has a reason to rewrite the result. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
