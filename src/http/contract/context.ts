import type { IncomingMessage } from 'node:http'
import type { IdempotentClaim } from '../../domain/storing/idempotency.ts'
import type { Receipt } from '../../model/blob.ts'
import type { DescribedOperation } from './describedOperation.ts'

/** What the middleware found out about one request, for the middleware and the handler behind it. */
export interface RequestContext {
  readonly id: string
  /** Scheme, host and path that addresses in the answer begin with; empty when they are relative. */
  readonly publicBase: string
  /** Undefined until `findOperation` found it. */
  operation: RequestedOperation | undefined
  /** The hold on the request's Idempotency-Key. */
  claim: IdempotentClaim | undefined
  /** The file that came with the request, until a handler takes it. */
  received: ReceivedFile | undefined
}

/** The operation that a request asks for. */
export interface RequestedOperation {
  /** The operationId that its handler is registered under; a HEAD that the spec does not name has that of its GET. */
  readonly id: string
  readonly description: DescribedOperation
  /** The parameters in the path, decoded. */
  readonly pathParameters: Record<string, string>
}

/** A file that came with a request: its bytes are in the storage, and it is not committed. */
export interface ReceivedFile {
  readonly receipt: Receipt
  readonly filename: string | undefined
  readonly contentType: string | undefined
}

const contexts = new WeakMap<IncomingMessage, RequestContext>()

/** Begins the context of a request; the first middleware does. */
export function beginContext(req: IncomingMessage, known: Pick<RequestContext, 'id' | 'publicBase'>): void {
  contexts.set(req, { ...known, operation: undefined, claim: undefined, received: undefined })
}

/** The context of a request. Throws an Error when the request has none. */
export function contextOf(req: IncomingMessage): RequestContext {
  const context = contexts.get(req)
  if (!context) throw new Error('The request has no context: the first middleware begins it.')
  return context
}

/** The operation that a request asks for, as the spec describes it. */
export const descriptionOf = (req: IncomingMessage): DescribedOperation | undefined =>
  contextOf(req).operation?.description
