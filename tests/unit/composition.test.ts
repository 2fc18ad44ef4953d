import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { lengthOf, type Piece, planComposition } from '../../src/storage/s3/planComposition.ts'

const limits = { least: 50, mostRead: 80, mostCopied: 200 }

const piecesOf = (steps: ReturnType<typeof planComposition>): readonly Piece[] =>
  steps.flatMap((step) => (step.kind === 'copy' ? [step.piece] : step.pieces))

describe('planComposition', () => {
  it.each<[readonly number[], string]>([
    [[], ''],
    [[0, 0], ''],
    [[1], 'read 1'],
    [[49, 0, 1], 'read 50'],
    [[50, 50], 'copy 50, copy 50'],
    [[50, 49], 'copy 50, read 49'],
    [[10, 100], 'read 50, copy 60'],
    [[10, 89], 'read 80, read 19'],
    [[30, 30, 100], 'read 60, copy 100'],
    [[40, 40, 40, 40], 'read 80, read 80'],
    [[401], 'copy 133, copy 134, copy 134'],
  ])('makes of %j: %s', (sizes, plan) => {
    const steps = planComposition(sizes, limits).map((step) => {
      const bytes = piecesOf([step]).reduce((sum, piece) => sum + lengthOf(piece), 0)
      return `${step.kind} ${bytes}`
    })
    expect(steps.join(', ')).toBe(plan)
  })

  it('takes every byte once, in order, in parts that S3 takes', () => {
    const sizes = fc.array(fc.oneof(fc.nat(120), fc.nat(2000)), { maxLength: 20 })
    const property = fc.property(sizes, (chosen) => {
      const steps = planComposition(chosen, limits)
      const left = [...chosen.entries()].flatMap(([source, size]) => (size > 0 ? [{ source, size }] : []))
      let position = 0
      for (const { source, first, last } of piecesOf(steps)) {
        expect([source, first]).toEqual([left[0]?.source, position])
        expect(last).toBeGreaterThanOrEqual(first)
        position = last + 1
        if (position !== left[0]?.size) continue
        left.shift()
        position = 0
      }
      expect([left, position]).toEqual([[], 0])
      for (const [index, step] of steps.entries()) {
        const bytes = piecesOf([step]).reduce((sum, piece) => sum + lengthOf(piece), 0)
        expect(bytes).toBeGreaterThanOrEqual(index === steps.length - 1 ? 1 : limits.least)
        expect(bytes).toBeLessThanOrEqual(step.kind === 'copy' ? limits.mostCopied : limits.mostRead)
      }
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('copies what is not needed to fill a part', () => {
    const sizes = fc.array(fc.integer({ min: limits.least * 2, max: 2000 }), { minLength: 1, maxLength: 10 })
    const property = fc.property(sizes, (chosen) => {
      const steps = planComposition([1, ...chosen], limits)
      expect(steps.filter(({ kind }) => kind === 'read')).toEqual([steps[0]])
    })
    fc.assert(property, { numRuns: 100 })
  })
})
