import type { Request, RequestHandler, Response } from 'express'

/** Runs a middleware that always passes the request on. Throws the error that it passes on. */
export const runMiddleware = (middleware: RequestHandler, req: Request, res: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    middleware(req, res, (error?: unknown) => (error ? reject(error) : resolve()))
  })
