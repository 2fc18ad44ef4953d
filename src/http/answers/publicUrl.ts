import type { IncomingMessage } from 'node:http'
import { contextOf } from '../contract/context.ts'

/** An address as clients reach it: a path stands below the public base, a whole URL stays as it is. */
export const publicUrl = (req: IncomingMessage, path: string): string =>
  path.startsWith('/') ? `${contextOf(req).publicBase}${path}` : path
