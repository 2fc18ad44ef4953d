import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import express, { type RequestHandler } from 'express'
import { readOnly } from './readOnly.ts'

const directory = resolve(import.meta.dirname, '../../web')

/** The policies of the browser page: it loads its own files and runs nothing inline, and no other site learns its address. */
export const pagePolicies = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'no-referrer',
}

/** The HTML of the browser page. */
export const loadPage = (): string => readFileSync(resolve(directory, 'index.html'), 'utf8')

/** Serves the files that the browser page loads. */
export function pageAssets(): RequestHandler {
  const router = express.Router({ caseSensitive: true })
  const paths = readdirSync(directory).map((name) => `/${name}`)
  router.all(paths, readOnly)
  // The policies are for index.html, which lies in the same directory.
  const setHeaders = (res: ServerResponse) => res.setHeaders(new Map(Object.entries(pagePolicies)))
  return router.use(express.static(directory, { index: false, redirect: false, setHeaders }))
}
