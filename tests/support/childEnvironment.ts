import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { NODE_V8_COVERAGE } = process.env

/**
 * What every Node that a test starts finds in its environment. Compiled code is kept, so that many starts are quick, unless
 * covered lines are counted: V8 counts less exactly in code that it compiled before.
 */
export const childEnvironment: Readonly<Record<string, string>> = NODE_V8_COVERAGE
  ? { NODE_V8_COVERAGE }
  : { NODE_COMPILE_CACHE: join(tmpdir(), 'upfile-test-compile-cache') }
