import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import express, { type RequestHandler } from 'express'
import { readOnly } from './readOnly.ts'

const directory = resolve(import.meta.dirname, '../../web')

/** The Content-Security-Policy of the browser page: the page loads its own files, and runs nothing inline. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

/** The HTML of the browser page. */
export const loadPage = (): string => readFileSync(resolve(directory, 'index.html'), 'utf8')

/** Serves the files that the browser page loads. */
export function pageAssets(): RequestHandler {
  const router = express.Router({ caseSensitive: true })
  const paths = readdirSync(directory).map((name) => `/${name}`)
  router.all(paths, readOnly)
  // The policy is for index.html, which lies in the same directory.
  const setHeaders = (res: ServerResponse) => res.setHeader('Content-Security-Policy', pagePolicy)
  return router.use(express.static(directory, { index: false, redirect: false, setHeaders }))
}
