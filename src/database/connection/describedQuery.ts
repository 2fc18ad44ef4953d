import type pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'

/** A statement that a connection has prepared, with the columns that PostgreSQL described when the statement ran first. */
export interface Described {
  readonly name: string
  readonly columns: readonly Column[]
  readonly emptyRow: Readonly<Record<string, null>>
}

interface Column {
  readonly name: string
  readonly parse: (text: string) => unknown
}

/** The parser of a type, by the number of the type. */
export type TypeParsers = (oid: number, format?: 'text') => (text: string) => unknown

interface Result {
  readonly command: string
  readonly rowCount: number
  readonly rows: Record<string, unknown>[]
}

/** Keeps the columns that PostgreSQL described, with the parsers of their types. */
export const toDescribed = (
  name: string,
  fields: readonly pg.FieldDef[],
  getTypeParser: TypeParsers,
): Described => ({
  name,
  columns: fields.map((field) => ({ name: field.name, parse: getTypeParser(field.dataTypeID, 'text') })),
  emptyRow: Object.fromEntries(fields.map((field) => [field.name, null])),
})

/**
 * Runs a statement again that the connection has prepared. node-postgres would let PostgreSQL describe the columns each time,
 * and would prepare the reading of rows from the description, which costs more than to read one row (docs/decisions/0033).
 * Throws what node-postgres throws.
 */
export const runDescribed = (
  client: pg.PoolClient,
  described: Described,
  values: unknown[],
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const parameters = values.map(prepareValue)
    const lines: (string | null)[][] = []
    let command = ''
    client.query({
      submit(connection: pg.Connection) {
        connection.stream.cork()
        connection.bind({ statement: described.name, values: parameters }, true)
        connection.execute(null, true)
        connection.sync()
        connection.stream.uncork()
      },
      handleDataRow: ({ fields }: { fields: (string | null)[] }) => void lines.push(fields),
      handleCommandComplete({ text }: { text: string }) {
        command = text
      },
      handleError: reject,
      handleReadyForQuery() {
        try {
          const words = command.split(' ') // as in SELECT 1, INSERT 0 1, or BEGIN
          resolve({
            command: words[0] ?? '',
            rowCount: Number(words.at(-1)) || 0,
            rows: lines.map((line) => toRow(described, line)),
          })
        } catch (error) {
          reject(error)
        }
      },
    })
  })

/** Reads a row. A copy of an object that has all names takes half the time that adding the names one by one takes. */
function toRow({ columns, emptyRow }: Described, line: readonly (string | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = { ...emptyRow }
  columns.forEach(({ name, parse }, index) => {
    const text = line[index] ?? null
    if (text !== null) row[name] = parse(text)
  })
  return row
}
