import type { Response } from 'express'
import { JsonText } from '../contract/jsonText.ts'

/**
 * Answers with a value, or a text, as JSON. The application has this in place of Express's own `json`, which makes a Buffer of
 * the text and parses the type that it has just set. Text and headers leave in one write.
 */
export function json(this: Response, value: unknown): Response {
  if (this.req.fresh) return this.status(304).end()
  const text = value instanceof JsonText ? value.text : JSON.stringify(value)
  if (!this.hasHeader('Content-Type')) this.setHeader('Content-Type', 'application/json; charset=utf-8')
  this.setHeader('Content-Length', Buffer.byteLength(text))
  return this.end(this.req.method === 'HEAD' ? undefined : text)
}

/** Answers with a text that is JSON already. */
export const sendJson = (res: Response, text: string): Response => res.json(new JsonText(text))
