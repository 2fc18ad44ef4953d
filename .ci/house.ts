// node .ci/house.ts: prints the figures of the house, and fails when an import goes up or a figure is out of bounds.
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

/** The floors, highest first. An import leads to the same floor or to a lower one; the longest matching path counts. */
const floors = [
  'src/main.ts',
  'src/cli',
  'src/cli/start',
  'src/app.ts',
  'src/handlers',
  'src/http',
  'src/http/pages',
  'src/http/server',
  'src/http/answers',
  'src/http/send',
  'src/http/receive',
  'src/http/contract',
  'src/http/problems',
  'src/http/fields',
  'src/domain',
  'src/domain/moving',
  'src/domain/maintenance',
  'src/domain/uploads',
  'src/domain/files',
  'src/domain/storing',
  'src/domain/buckets',
  'src/domain/access',
  'src/domain/detection',
  'src/domain/values',
  'src/deps.ts',
  'src/database',
  'src/database/commit',
  'src/database/rows',
  'src/database/connection',
  'src/database/embeddedPostgres',
  'src/database/schema.ts',
  'src/config.ts',
  'src/config',
  'src/logger.ts',
  'src/digests',
  'src/storage/volume',
  'src/storage/s3',
  'src/storage',
  'src/model',
  'src/runtime',
  'src/errors',
  'src/errors.ts',
  'api',
]

/** Folders whose files know nothing of the service: they import the nouns of `model`, errors, and nothing else of ours. */
const independent = ['src/model', 'src/runtime', 'src/digests', 'src/domain/values', 'src/http/fields']
const known = ['src/model', 'src/runtime', 'src/digests', 'src/errors', 'src/errors.ts', 'api']

/** The storages, and the folders that may name one: they open it, or read its settings. */
const drivers = ['src/storage/volume', 'src/storage/s3']
const namesDrivers = ['src/cli/start', 'src/config']
/** Below `src/http` no file imports these, except types. */
const web = ['node:http', 'express']

/** The formatter wraps code, but no comments. */
const COMMENT_WIDTH = 130

const paths = (await Array.fromAsync(glob('src/**/*.ts'))).sort()
const sources = new Map(
  paths.map((path) => [
    path,
    ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true),
  ]),
)
const imports = new Map([...sources].map(([path, { text }]) => [path, importsOf(path, text)]))

const up = [...imports].flatMap(([from, targets]) =>
  targets.filter((to) => !mayImport(from, to)).map((to) => `${from} imports ${to}`),
)
const toDrivers = [...imports].flatMap(([from, targets]) =>
  targets.filter((to) => !mayNameDriver(from, to)).map((to) => `${from} imports ${to}`),
)
const toWeb = [...sources]
  .filter(([path]) => isBelowHttp(path))
  .flatMap(([path, source]) => webImports(source).map((name) => `${path} imports ${name}`))
const circles = findCircles(imports).map((files) => files.join(' → '))
const lines = paths.map((path) => ({ path, count: sources.get(path)?.text.split('\n').length ?? 0 }))
const long = lines.filter(({ count }) => count > 181).map(({ path, count }) => `${path}: ${count - 1} lines`)
const wide = [...sources].flatMap(([path, { text }]) =>
  text
    .split('\n')
    .flatMap((line, index) =>
      isWideComment(line) ? [`${path}:${index + 1}: ${line.length} characters`] : [],
    ),
)
const median = lines.map(({ count }) => count - 1).sort((one, other) => one - other)[paths.length >> 1] ?? 0
const undocumented = [...sources]
  .filter(([path]) => !path.startsWith('src/handlers/'))
  .flatMap(([path, source]) => undocumentedExports(source).map((name) => `${path}: ${name}`))

const failed = [
  judge('imports that go up', up, 0),
  judge('imports that know a storage', toDrivers, 0),
  judge('imports of HTTP below src/http', toWeb, 0),
  judge('circles of files', circles, 0),
  judge('files above 180 lines', long, 0),
  judge(`comment lines above ${COMMENT_WIDTH} characters`, wide, 0),
  judge('exported functions without a docstring', undocumented, 20),
]
console.log(`${median} lines per file in the median, at most 50`)
process.exitCode = failed.includes(true) || median > 50 ? 1 : 0

/** Prints a figure, and its cases when there are too many. True when there are. */
function judge(name: string, cases: readonly string[], atMost: number): boolean {
  console.log(`${cases.length} ${name}, at most ${atMost}`)
  if (cases.length > atMost || process.argv.includes('--all'))
    for (const each of cases) console.log(`  ${each}`)
  return cases.length > atMost
}

/** Whether a line is a comment, or one line of a longer comment, that is not wrapped. */
function isWideComment(line: string): boolean {
  return line.length > COMMENT_WIDTH && /^\s*(\/\/|\/\*|\*)/.test(line)
}

/** The files of this project that a file imports, types included. */
function importsOf(path: string, text: string): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true)
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => normalize(join(dirname(path), fileName)))
}

/** The longest of these paths that a file is, or lies below. */
function placeOf(path: string, places: readonly string[]): string | undefined {
  return places
    .filter((place) => path === place || path.startsWith(`${place}/`))
    .sort((one, other) => other.length - one.length)[0]
}

function mayImport(from: string, to: string): boolean {
  const [above, below] = [placeOf(from, floors), placeOf(to, floors)]
  if (above === undefined || below === undefined) return false
  const own = placeOf(from, independent)
  if (own !== undefined && own !== placeOf(to, independent) && placeOf(to, known) === undefined) return false
  return floors.indexOf(below) >= floors.indexOf(above)
}

function mayNameDriver(from: string, to: string): boolean {
  const driver = placeOf(to, drivers)
  return driver === undefined || placeOf(from, [driver, ...namesDrivers]) !== undefined
}

function isBelowHttp(path: string): boolean {
  const place = placeOf(path, floors)
  return place !== undefined && floors.indexOf(place) > floors.indexOf('src/http/fields')
}

/** The modules of `web` that a file imports, unless it imports only types. */
function webImports(source: ts.SourceFile): string[] {
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || statement.importClause?.isTypeOnly) return []
    const { moduleSpecifier } = statement
    return ts.isStringLiteral(moduleSpecifier) && web.includes(moduleSpecifier.text)
      ? [moduleSpecifier.text]
      : []
  })
}

/** Groups of files that import each other, directly or not (Tarjan's strongly connected components). */
function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const open: string[] = []
  const found: string[][] = []
  const visit = (file: string): number => {
    let low = order.size
    order.set(file, low)
    open.push(file)
    const own = low
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low)
    }
    if (low === own) {
      const group = open.splice(open.indexOf(file))
      if (group.length > 1) found.push(group)
    }
    return low
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return found
}

/** The names of exported functions, declared or assigned, that no docstring precedes. */
function undocumentedExports(source: ts.SourceFile): string[] {
  return source.statements.flatMap((statement) => {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!exported || ts.getJSDocCommentsAndTags(statement).length > 0) return []
    if (ts.isFunctionDeclaration(statement)) return [statement.name?.text ?? 'default']
    if (!ts.isVariableStatement(statement)) return []
    return statement.declarationList.declarations
      .filter(
        ({ initializer }) =>
          initializer && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)),
      )
      .map(({ name }) => name.getText())
  })
}
