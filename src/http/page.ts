import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import express, { type RequestHandler } from 'express'

const directory = resolve(import.meta.dirname, '../web')

/** What the browser page may load: its own files, and nothing inline. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

/** The browser page. */
export const loadPage = (): string => readFileSync(resolve(directory, 'index.html'), 'utf8')

/** What the browser page loads. */
export const pageAssets: RequestHandler = express.static(directory, {
  index: false,
  redirect: false,
  dotfiles: 'deny',
  setHeaders: (res) => res.setHeader('Content-Security-Policy', pagePolicy), // index.html is among it
})
