import { type Credential, parseCredential } from '../runtime/credentialText.ts'
import { isLoopback } from './addresses.ts'
import type { createReader } from './reader.ts'
import { type TokenConfig, tokenConfig } from './tokens.ts'

export interface AccessConfig {
  /**
   * `off`: everyone who reaches the service may use it. `on`: every request needs a credential. `until-first-key`: as `off` until
   * an access key was made, then as `on` for good.
   */
  readonly mode: 'off' | 'on' | 'until-first-key'
  /** Keys with the scope `admin` for everything, which are in no table. */
  readonly adminKeys: readonly Credential[]
  /** Undefined when the service takes no tokens. */
  readonly tokens: TokenConfig | undefined
}

interface Reachability {
  readonly host: string
  readonly publicUrl: string | undefined
  readonly trustedProxies: number
}

const MOST_ADMIN_KEYS = 2

/** Reads AUTH, ADMIN_KEYS and JWT_…. A service that others than this machine may reach is never open by default. */
export function accessConfig(
  read: ReturnType<typeof createReader>,
  reachability: Reachability,
): AccessConfig {
  const auth = read.choice('AUTH', ['auto', 'on', 'off'], 'auto')
  const texts = read.hidden('ADMIN_KEYS')
  const adminKeys = texts.map(parseCredential).filter((key) => key !== undefined)
  if (adminKeys.length < texts.length || texts.length > MOST_ADMIN_KEYS)
    read.refuse(
      `ADMIN_KEYS must be one or two access keys with a comma between them: \`upfile keys generate\` makes one`,
    )
  const tokens = tokenConfig(read)
  const closed = texts.length > 0 || tokens !== undefined || isExposed(reachability)
  return { mode: auth === 'auto' ? (closed ? 'on' : 'until-first-key') : auth, adminKeys, tokens }
}

const isExposed = ({ host, publicUrl, trustedProxies }: Reachability) =>
  !isLoopback(host) ||
  (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname)) ||
  trustedProxies > 0
