import { STATUS_CODES } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { type ErrorCode, FileServiceError } from '../../src/errors.ts'
import { toProblem } from '../../src/http/problems/problems.ts'
import { readGuide } from '../support/guides.ts'

const guide = readGuide('docs/errors.md')
const rows = [...guide.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| \S.*\|$/gm)].map(
  ([, code, status]) => [String(code), Number(status)] as const,
)

describe('docs/errors.md', () => {
  it('has every code of the service with its status', () => {
    const codes = [...readGuide('src/errors.ts').matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map(([, code]) =>
      String(code),
    )
    expect(codes.length).toBeGreaterThan(40)
    expect(rows.map(([code]) => code)).toEqual(codes.toSorted())
    const statuses = rows.map(([code]) => toProblem(new FileServiceError(code as ErrorCode, '')).body.status)
    expect(rows.map(([, status]) => status)).toEqual(statuses)
  })

  it('names the statuses of everything else as the service does', () => {
    const plain = [...guide.matchAll(/`([a-z-]+)` \((\d{3})/g)]
    expect(plain.length).toBeGreaterThan(6)
    for (const [, code, status = ''] of plain)
      expect([code, status]).toEqual([
        STATUS_CODES[status]?.toLowerCase().replaceAll(/[^a-z]+/g, '-'),
        status,
      ])
  })
})
