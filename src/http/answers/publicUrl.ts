import type { IncomingMessage } from 'node:http'
import { contextOf } from '../contract/context.ts'

/** The URL that clients use: the public base in front of a path; a whole URL is returned as it is. */
export const publicUrl = (req: IncomingMessage, path: string): string =>
  path.startsWith('/') ? `${contextOf(req).publicBase}${path}` : path
