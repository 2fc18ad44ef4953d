import { expect } from '@jest/globals'
import { headerOf } from './headerOf.ts'

declare module 'expect' {
  interface Matchers<R> {
    /** The answer is an RFC 9457 problem with this status, and this code if one is given. */
    toBeProblem(status: number, code?: string): R
  }
}

interface Answer {
  readonly status: number
  /** Of `fetch`, or of supertest. */
  readonly headers: Headers | Readonly<Record<string, string>>
  readonly body: unknown
}

expect.extend({
  toBeProblem(received: unknown, status: number, code?: string) {
    const answer = received as Answer
    const problem = (answer.body ?? {}) as Record<string, unknown>
    const complaints = [
      answer.status !== status && `status ${answer.status} instead of ${status}`,
      !/^application\/problem\+json/.test(headerOf(answer, 'content-type') ?? '') &&
        `content type ${headerOf(answer, 'content-type')}`,
      problem.status !== answer.status && 'the status in the body differs',
      typeof problem.title !== 'string' && 'no title',
      typeof problem.code !== 'string' && 'no code',
      code !== undefined && problem.code !== code && `code ${String(problem.code)} instead of ${code}`,
      problem.request_id !== headerOf(answer, 'x-request-id') && 'request_id is not X-Request-Id',
      /node_modules|\/src\/|select |insert into| at .*\.ts/i.test(JSON.stringify(problem)) &&
        'internals are told',
    ].filter((complaint) => complaint !== false)
    return {
      pass: complaints.length === 0,
      message: () => `expected a problem ${status}: ${complaints.join(', ')}\n${JSON.stringify(problem)}`,
    }
  },
})
