import type { IncomingMessage } from 'node:http'
import type { Deps } from '../../deps.ts'
import type { Origin } from '../../model/audit.ts'
import { clientAddress } from '../fields/clientAddress.ts'
import { contextOf } from './context.ts'

/** Where a request comes from, for the audit log. */
export const originOf = ({ config: { http } }: Pick<Deps, 'config'>, req: IncomingMessage): Origin => ({
  requestId: contextOf(req).id,
  address: clientAddress(req, http.trustedProxies),
})
