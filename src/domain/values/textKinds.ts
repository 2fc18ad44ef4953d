import { canonicalType } from './mediaTypeNames.ts'
import { parseMediaType } from './mediaTypes.ts'

/** Kinds of text that look alike. Browsers show none of them as a page, and `contentType` sends scripts as plain text. */
const KIND =
  /^(text\/(plain|csv|tab-separated-values|markdown|css|javascript|calendar|vcard|vtt|x-[\w.-]+)|message\/rfc822|application\/(json|[\w.-]+\+json|x-ndjson|yaml|toml|sql|x-sh|x-subrip|graphql)|model\/(obj|mtl|stl|step|iges|vrml|gltf\+json))$/

/** Kinds of XML. XHTML and SVG are not among them: those are found in the bytes. */
const KIND_OF_XML = /^(application\/(?!xhtml\+xml$)(xml|[\w.-]+\+xml)|model\/[\w.-]+\+xml)$/

/** The kinds of text by the ending of a name. */
const ENDINGS: Readonly<Record<string, string>> = {
  ...{ txt: 'text/plain', text: 'text/plain', log: 'text/plain' },
  ...{ csv: 'text/csv', tsv: 'text/tab-separated-values', tab: 'text/tab-separated-values' },
  ...{ md: 'text/markdown', markdown: 'text/markdown', css: 'text/css' },
  ...{ js: 'text/javascript', mjs: 'text/javascript', cjs: 'text/javascript' },
  ...{ ics: 'text/calendar', vcf: 'text/vcard', vtt: 'text/vtt', srt: 'application/x-subrip' },
  ...{ json: 'application/json', geojson: 'application/geo+json', jsonld: 'application/ld+json' },
  ...{ ndjson: 'application/x-ndjson', jsonl: 'application/x-ndjson' },
  ...{ yaml: 'application/yaml', yml: 'application/yaml', toml: 'application/toml' },
  ...{
    sql: 'application/sql',
    sh: 'application/x-sh',
    graphql: 'application/graphql',
    eml: 'message/rfc822',
  },
  ...{ xml: 'application/xml', kml: 'application/vnd.google-earth.kml+xml', gpx: 'application/gpx+xml' },
  ...{ rss: 'application/rss+xml', atom: 'application/atom+xml' },
  ...{ xsl: 'application/xslt+xml', xslt: 'application/xslt+xml', dae: 'model/vnd.collada+xml' },
  ...{ obj: 'model/obj', stl: 'model/stl', step: 'model/step', gltf: 'model/gltf+json' },
}

/** The declared media type, if it is a kind of text. */
export function kindOfText(declared: string | undefined): string | undefined {
  const type = parseMediaType(declared)
  const name = type && canonicalType(type)
  return name !== undefined && (KIND.test(name) || KIND_OF_XML.test(name)) ? name : undefined
}

/** The kind of text that the ending of a file's name stands for. */
export function kindByName(name: string | undefined): string | undefined {
  const ending = /\.([a-z]{2,8})$/i.exec(name ?? '')?.[1]?.toLowerCase()
  return ending !== undefined && Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined
}

export const isKindOfXml = (kind: string): boolean => KIND_OF_XML.test(kind)
