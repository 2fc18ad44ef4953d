import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'

const FOLDER = '/tests/hardening'
/** Hostile inputs, at least. A file that loses its table by mistake passes otherwise. */
const LEAST = 1500

interface FileResult {
  readonly numPassingTests: number
  readonly numFailingTests: number
}

/** Counts the hostile inputs of tests/hardening, each a test, and fails a run of the whole folder that has too few. */
export default class HostileInputs {
  private failure: Error | undefined
  private readonly files = new Map<string, number>()
  private folder = ''
  private readonly filtered: boolean

  constructor({ testNamePattern }: { readonly testNamePattern?: string }) {
    this.filtered = testNamePattern !== undefined && testNamePattern !== ''
  }

  onTestResult({ path }: { readonly path: string }, { numPassingTests, numFailingTests }: FileResult): void {
    if (!dirname(path).endsWith(FOLDER)) return
    this.folder = dirname(path)
    this.files.set(basename(path), numPassingTests + numFailingTests)
  }

  onRunComplete(): void {
    if (this.filtered || this.files.size === 0) return
    const all = readdirSync(this.folder).filter((name) => name.endsWith('.test.ts'))
    if (!all.every((name) => this.files.has(name))) return
    const inputs = this.files.values().reduce((sum, count) => sum + count, 0)
    process.stderr.write(`${inputs} hostile inputs in ${this.files.size} files of tests/hardening\n`)
    if (inputs < LEAST) this.failure = new Error(`tests/hardening has ${inputs} inputs, fewer than ${LEAST}`)
  }

  getLastError(): Error | undefined {
    return this.failure
  }
}
