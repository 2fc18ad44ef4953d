declare module 'pg/lib/utils.js' {
  /** Turns a parameter into what node-postgres sends for it. */
  export function prepareValue(value: unknown): string | Buffer | null
}
