import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import express, { type RequestHandler } from 'express'
import { readOnly } from './readOnly.ts'

const directory = resolve(import.meta.dirname, '../../web')

/** What the browser page may load: its own files, and nothing inline. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

/** The browser page. */
export const loadPage = (): string => readFileSync(resolve(directory, 'index.html'), 'utf8')

/** What the browser page loads. */
export function pageAssets(): RequestHandler {
  const router = express.Router({ caseSensitive: true })
  const paths = readdirSync(directory).map((name) => `/${name}`)
  router.all(paths, readOnly)
  const setHeaders = (res: ServerResponse) => res.setHeader('Content-Security-Policy', pagePolicy) // index.html is there, too
  return router.use(express.static(directory, { index: false, redirect: false, setHeaders }))
}
