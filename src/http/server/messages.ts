import { IncomingMessage, ServerResponse } from 'node:http'
import type { Express } from 'express'

/**
 * Classes for the messages of Node's server, which have the prototypes that the application gives every message. Express sets
 * them for each message anew, and V8 handles an object slowly whose prototype has changed.
 */
export function messageClasses(app: Express) {
  class Incoming extends IncomingMessage {}
  class Answer extends ServerResponse {}
  Object.setPrototypeOf(Incoming.prototype, app.request)
  Object.setPrototypeOf(Answer.prototype, app.response)
  Object.assign(app, { request: Incoming.prototype, response: Answer.prototype })
  return { IncomingMessage: Incoming, ServerResponse: Answer }
}
