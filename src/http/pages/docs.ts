import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import express, { type RequestHandler } from 'express'
import type { Spec } from '../contract/spec.ts'
import { readOnly } from './readOnly.ts'

const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>upfile API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

/**
 * The files of Swagger UI that the page needs. The service sends no other file of the package, such as its page for another
 * contract.
 */
const ASSETS = ['/swagger-ui.css', '/swagger-ui-bundle.js', '/favicon-32x32.png']

/**
 * Authorize asks for what a person has. The signature of a link is in the link, and a cookie comes from the service. The page
 * forgets a key with its tab: other programs can read what a browser stores.
 */
const start = `const askForHeaders = () => ({
  statePlugins: {
    auth: {
      wrapSelectors: {
        definitionsToAuthorize: (original) => (state) =>
          original(state).filter((scheme) => !['query', 'cookie'].includes(scheme.first().get('in'))),
      },
    },
  },
})
window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  plugins: [askForHeaders],
})
`

/** Where other services of this interface have their documentation: bookmarks go on working. */
const FORMER_PATHS = ['/ui', '/redoc']

/** Swagger UI on `/docs`, and the running contract as `/openapi.json` and `/openapi.yaml`. */
export function docs({ document, yaml }: Spec): RequestHandler {
  const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const router = express.Router({ caseSensitive: true })
  const paths = ['/openapi.json', '/openapi.yaml', '/docs', '/docs/start.js']
  router.all([...paths, ...FORMER_PATHS, ...ASSETS.map((asset) => `/docs${asset}`)], readOnly)
  router.get(FORMER_PATHS, (_req, res) => void res.status(308).location('/docs').end())
  router.get('/openapi.json', (_req, res) => void res.json(document))
  router.get('/openapi.yaml', (_req, res) => void res.type('application/yaml').send(yaml))
  router.get('/docs', (_req, res) => {
    res.set('Content-Security-Policy', DOCS_POLICY).type('html').send(page)
  })
  router.get('/docs/start.js', (_req, res) => void res.type('text/javascript').send(start))
  router.use('/docs', (req, _res, next) => (ASSETS.includes(req.path) ? next() : next('router')))
  router.use('/docs', express.static(assets, { index: false, maxAge: '1h' }))
  return router
}
