import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** V8's function `gc`, which collects garbage at once. Only a context made while the flag is set has it; undefined without. */
export function findCollector(): NodeJS.GCFunction | undefined {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc')
  } catch {
    return undefined
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
