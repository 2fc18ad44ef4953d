import type { ServerResponse } from 'node:http'

/**
 * Headers of every answer: browsers use its Content-Type instead of guessing a type from its bytes, and show it inside no page
 * of another origin. Files that may be shown everywhere say so themselves.
 */
export const guardHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** Gives the answer its `guardHeaders`. */
export function guardAnswer(res: ServerResponse): void {
  for (const [name, value] of guards) res.setHeader(name, value)
}

const guards = Object.entries(guardHeaders)
