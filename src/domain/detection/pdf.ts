import { hasControlCharacter } from './text.ts'

/** PDF readers look for the header in this number of bytes at the start. */
const HEADER_BYTES = 1024
/** A header that stands behind nothing but blanks and NULs. */
const FIRST_HEADER = /^[\s\0]*%PDF-\d/
/** A header anywhere: nothing follows the version that a sentence about PDF would have there. */
const HEADER = /%PDF-\d\.\d(?=[\s%]|$)/

/** Lines that printers and programs put before a document: blank, of a printer job, of a MIME head, of a form. */
const FOREIGN_LINE = /^(\s*|\x1b%-12345X.*|@PJL.*|HTTP\/[\d.]+ \d.*|--\S+|[\w-]+:.*|[ \t].*)$/
const PRINTER_OR_MIME = /^(\x1b%-12345X|@PJL|HTTP\/|mime-version:|content-[a-z-]+:)/im
/** A header, and the comment that tells programs to treat the file as binary (ISO 32000, 7.5.2). */
const BINARY_HEADER = /%PDF-\d\.\d\s+%[\x80-\xff]{4}/

/**
 * Whether a text is a PDF: the header comes first, or behind the lines of a printer job or a MIME head, or it says that the
 * file is binary.
 */
export function isReadablePdf(text: string): boolean {
  const start = text.slice(0, HEADER_BYTES)
  if (FIRST_HEADER.test(start) || BINARY_HEADER.test(start)) return true
  const before = textBeforeHeader(text)
  if (before === undefined || !PRINTER_OR_MIME.test(before)) return false
  return before.split(/\r\n|\n|\r/).every((line) => FOREIGN_LINE.test(line))
}

/** Whether bytes that are no text are a PDF behind text or NULs: no other format begins like that. */
export function isPdfBehindText(head: Buffer): boolean {
  const start = head.toString('latin1', 0, HEADER_BYTES + 8)
  if (FIRST_HEADER.test(start.slice(0, HEADER_BYTES))) return true
  const before = textBeforeHeader(start)
  return before !== undefined && !hasControlCharacter(before)
}

/** Whether bytes that are no text are a PDF behind any other bytes. */
export const isPdfBehindBytes = (head: Buffer): boolean =>
  textBeforeHeader(head.toString('latin1', 0, HEADER_BYTES + 8)) !== undefined

function textBeforeHeader(text: string): string | undefined {
  const index = text.slice(0, HEADER_BYTES + 8).search(HEADER)
  return index < 0 || index + 5 > HEADER_BYTES ? undefined : text.slice(0, index)
}
