import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { describeService } from '../support/describeService.ts'
import { type Oracle, watchService } from '../support/oracle.ts'
import { assertProperty } from '../support/property.ts'
import { openRaw } from '../support/rawRequest.ts'
import { oddForm } from './multipartFuzzForms.ts'

describeService(
  'forms that are nearly forms',
  { STALL_SECONDS: '1', MINIMUM_BYTES_PER_SECOND: '1' },
  (service) => {
    let oracle: Oracle
    beforeAll(async () => {
      oracle = watchService(service)
    })
    afterAll(async () => {
      await oracle.expectUnharmed()
      await oracle.expectNobodyConnected()
    })
    afterAll(async () => {
      oracle.stop()
    })

    it('Whatever is nearly a form is taken or refused, and never fails', async () => {
      const seen = new Map<number, number>()
      const pauses = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 })
      await assertProperty(
        fc.tuple(oddForm, pauses),
        async ([request, cuts]) => {
          const connection = await openRaw(service)
          const borders = cuts.map((cut) => Math.floor(cut * request.length)).toSorted((a, b) => a - b)
          for (const [index, from] of [0, ...borders].entries()) {
            await connection.write(request.subarray(from, borders[index]))
            await nextTurn()
          }
          const { status } = await connection.answer()
          connection.destroy()
          seen.set(status, (seen.get(status) ?? 0) + 1)
          expect([201, 400, 403, 408, 413, 415]).toContain(status)
        },
        { numRuns: 250, seconds: 15 },
      )
      // A fuzz that only ever meets the first check is worth little.
      expect(seen.get(201)).toBeGreaterThan(0)
      expect(seen.get(400)).toBeGreaterThan(0)
    }, 60_000)
  },
)
