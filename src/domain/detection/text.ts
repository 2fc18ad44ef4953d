/** Control characters that no text has, in any encoding with one byte for each ASCII character. ESC is one of ISO 2022. */
const CONTROL_CHARACTER = /[\0-\x08\x0e-\x1a\x1c-\x1f]/

export const hasControlCharacter = (text: string): boolean => CONTROL_CHARACTER.test(text)

/**
 * Reads bytes as text; undefined when they are no text. Every encoding that contains ASCII (UTF-8, Windows-1252, Shift JIS, …)
 * is read as Latin-1, because detection looks for ASCII only. UTF-16 is recognised with a byte order mark.
 */
export function readText(head: Buffer): string | undefined {
  const encoding = utf16Of(head)
  if (encoding === undefined) {
    const text = head.toString('latin1')
    return hasControlCharacter(text) ? undefined : text.replace(/^\xef\xbb\xbf/, '')
  }
  try {
    // `stream`: the head may end in the middle of a character.
    const text = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true })
    return hasControlCharacter(text) ? undefined : text
  } catch {
    return undefined
  }
}

function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
}

/** The beginnings of text formats with a media type of their own, and of formats of which a few bytes may look like text. */
const MARKS: readonly (readonly [RegExp, string])[] = [
  [/^%!/, 'application/postscript'],
  [/^\{\\rtf/, 'application/rtf'],
  [/^BEGIN:VCARD\s/i, 'text/vcard'],
  [/^BEGIN:VCALENDAR\s/i, 'text/calendar'],
  [/^WEBVTT(\s|$)/, 'text/vtt'],
  // Playlists of streams have tags that other playlists have not (RFC 8216).
  [/^#EXTM3U(?=\s)(?=[\s\S]*[\r\n]#EXT-X-)/, 'application/vnd.apple.mpegurl'],
  [/^#EXTM3U(\s|$)/, 'audio/mpegurl'],
  [/^-----BEGIN PGP MESSAGE-----/, 'application/pgp-encrypted'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^BZh\d1AY&SY/, 'application/x-bzip2'],
  [/^!<arch>\ndebian-binary/, 'application/vnd.debian.binary-package'],
]

/** The media type of a text whose format has a mark at its beginning. */
export const markedType = (text: string): string | undefined => MARKS.find(([mark]) => mark.test(text))?.[1]
