import { isUtf8 } from 'node:buffer'

const windows1252 = new TextDecoder('windows-1252')

/**
 * Decodes text that a client wrote without its charset: UTF-8, and Windows-1252 where the bytes are no UTF-8, as curl on Windows
 * sends them. Windows-1252 has a character for every byte, so nothing is lost.
 */
export const decodeText = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString() : windows1252.decode(bytes)
