import express, { type NextFunction, type Request, type Response } from 'express'
import { jsonInvalid } from '../errors.ts'
import { continueSending } from './expectation.ts'

const MAX_DEPTH = 32

const parseJson = express.json({ limit: 100 * 1024, type: () => true, strict: false })

/** Receives a JSON body of at most 100 KiB, unpacked, and at most 32 levels deep. Throws `json-invalid` for a deeper one. */
export function receiveJson(req: Request, res: Response, next: NextFunction): void {
  continueSending(req, res)
  parseJson(req, res, (error?: unknown) => {
    if (error !== undefined) return next(error)
    if (depthExceeds(req.body, MAX_DEPTH))
      return next(jsonInvalid(`The JSON is nested deeper than ${MAX_DEPTH} levels.`))
    next()
  })
}

/** Whether a value of JSON is nested deeper than so many levels; goes no deeper than that itself. */
export const depthExceeds = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((child) => depthExceeds(child, levels - 1)))
