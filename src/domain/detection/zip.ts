import type { FileBytes } from './fileBytes.ts'
import { firstEntry, listEntries, readEntry, type ZipEntry } from './zipEntries.ts'

const CONTENT_TYPES = '[Content_Types].xml'

/** The types that an entry `mimetype` may name; the entry comes first in files that follow their format. */
const NAMED_TYPE =
  /^(?:image\/openraster|application\/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{4,30}|vnd\.sun\.xml\.[a-z.]{4,30}|vnd\.etsi\.asic-[es]\+zip|vnd\.recordare\.musicxml|vnd\.adobe\.indesign-idml-package|x-krita))$/

/** The content type of the main part of a document of Office; the type of the document is this without the end. */
const MAIN_PART =
  /^(application\/vnd\.(?:openxmlformats-officedocument\.(?:wordprocessing|spreadsheet|presentation)ml\.(?:document|sheet|presentation|slideshow|slide|template)|ms-(?:word|excel|powerpoint)\.(?:document|sheet|sheet\.binary|presentation|slideshow|slide|template|addin)\.macroenabled(?:template)?|ms-visio\.(?:drawing|stencil|template)(?:\.macroenabled)?))\.main(?:\+xml)?$/

/** Content types of the main part of other formats that are packed like documents of Office. */
const OTHER_PARTS = new Map([
  ['application/vnd.ms-package.3dmanufacturing-3dmodel+xml', 'model/3mf'],
  ['application/vnd.ms-package.xps-fixeddocumentsequence+xml', 'application/vnd.ms-xpsdocument'],
])

type Names = ReadonlySet<string>
const some = (names: Names, pattern: RegExp) => [...names].some((name) => pattern.test(name))
const isOffice = (names: Names, folder: RegExp) => names.has(CONTENT_TYPES) && some(names, folder)
const isIWork = (names: Names) => names.has('Index/Document.iwa')

/** The types that names of entries tell; the first one that holds. */
const BY_NAMES: readonly (readonly [type: string, holds: (names: Names) => boolean])[] = [
  // Documents of Office whose content types are too large to be read.
  [
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    (names) => isOffice(names, /^word\//),
  ],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', (names) => isOffice(names, /^xl\//)],
  [
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    (names) => isOffice(names, /^ppt\//),
  ],
  [
    'application/vnd.android.package-archive',
    (names) => names.has('AndroidManifest.xml') && (names.has('classes.dex') || names.has('resources.arsc')),
  ],
  ['application/x-xpinstall', (names) => names.has('META-INF/mozilla.rsa')],
  ['application/java-archive', (names) => names.has('META-INF/MANIFEST.MF')],
  ['model/vnd.usdz+zip', ([first = '']) => /\.usd[ac]?$/.test(first)],
  ['application/vnd.google-earth.kmz', (names) => names.has('doc.kml')],
  ['application/vnd.apple.keynote', (names) => isIWork(names) && some(names, /^Index\/MasterSlide/)],
  ['application/vnd.apple.numbers', (names) => isIWork(names) && some(names, /^Index\/Tables\//)],
  ['application/vnd.apple.pages', (names) => isIWork(names)],
]

/** The media type of a ZIP archive: that of the format it is packed for, else `application/zip`; undefined for other bytes. */
export async function detectZip(file: FileBytes): Promise<string | undefined> {
  const first = firstEntry(file)
  if (!first) return undefined
  // Most programs write the entry that tells the type first: the list at the end is not needed.
  const found = await byEntry(file, first)
  if (found !== undefined) return found
  const entries = await listEntries(file)
  for (const name of ['mimetype', CONTENT_TYPES]) {
    const entry = entries.find((one) => one.name === name)
    const type = entry && (await byEntry(file, entry))
    if (type !== undefined) return type
  }
  const names = new Set(entries.map(({ name }) => name))
  return BY_NAMES.find(([, holds]) => holds(names))?.[0] ?? 'application/zip'
}

/** The type that an entry tells; undefined when it tells none, or cannot be read. */
async function byEntry(file: FileBytes, entry: ZipEntry): Promise<string | undefined> {
  if (entry.name !== 'mimetype' && entry.name !== CONTENT_TYPES) return undefined
  const text = (await readEntry(file, entry))?.toString('latin1').toLowerCase()
  if (text === undefined) return undefined
  if (entry.name === 'mimetype') return NAMED_TYPE.exec(text.trim())?.[0]
  for (const [, part = ''] of text.matchAll(/contenttype\s*=\s*["']([^"']*)["']/g)) {
    const type = mainType(part) ?? OTHER_PARTS.get(part)
    if (type !== undefined) return type
  }
  return undefined
}

function mainType(part: string): string | undefined {
  const type = MAIN_PART.exec(part)?.[1]
  if (type?.startsWith('application/vnd.ms-visio.')) return 'application/vnd.visio'
  return type?.replace(/macroenabled(template)?$/, 'macroenabled.12')
}
