import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { newCredential } from '../../src/runtime/credentialText.ts'
import { download, putRaw, upload } from '../support/client.ts'
import { fenceOf, settingsOf } from '../support/guides.ts'
import { startReverseProxy } from '../support/reverseProxy.ts'
import type { ProxyKind, Surroundings } from '../support/reverseProxyConfigs.ts'
import { startService } from '../support/service.ts'

const guide = 'docs/deployment.md'
const { TRUSTED_PROXIES = '', PUBLIC_URL = '' } = settingsOf(guide, 'Behind nginx')

/** The words of the guide, on the ports of a test; Caddy and nginx would need a certificate for the others. */
const nginx = ({ port, servicePort, directory }: Surroundings) => `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${directory}/${of};`).join('\n')}
  ${fenceOf(guide, 'Behind nginx', 'nginx')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replaceAll(/^ *ssl_certificate.*\n/gm, '')
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${servicePort}`)}
}`
const caddy = ({ port, servicePort }: Surroundings) => `{
  admin off
  auto_https off
}
${fenceOf(guide, 'Behind Caddy', 'caddyfile')
  .replace('files.example.com', `http://127.0.0.1:${port}`)
  .replaceAll('127.0.0.1:8000', `127.0.0.1:${servicePort}`)}`

const proxies: readonly Pick<ProxyKind, 'name' | 'command' | 'config'>[] = [
  { name: 'nginx', command: (path) => ['nginx', '-e', 'stderr', '-c', path], config: nginx },
  {
    name: 'Caddy',
    command: (path) => ['caddy', 'run', '--config', path, '--adapter', 'caddyfile'],
    config: caddy,
  },
]

describe.each(proxies)('Behind $name, set up as docs/deployment.md says', (kind) => {
  it('files go in and come out byte for byte, and addresses are public ones', async () => {
    const key = newCredential('key').text
    const headers = { 'x-api-key': key }
    const service = await startService({ TRUSTED_PROXIES, PUBLIC_URL, ADMIN_KEYS: key })
    const proxy = await startReverseProxy({ ...kind, forwarded: () => undefined }, service)
    try {
      for (const store of [putRaw, upload]) {
        const bytes = randomBytes(3_000_000)
        expect((await store(proxy, bytes)).status).toBe(401)
        const stored = await store(proxy, bytes, { headers })
        expect(stored.status).toBe(201)
        expect(stored.body.content_url.startsWith(`${PUBLIC_URL}/`)).toBe(true)
        expect((await download(proxy, stored.body.id, { headers })).bytes.equals(bytes)).toBe(true)
        const ranged = { headers: { ...headers, Range: 'bytes=1000000-' } }
        const part = await download(proxy, stored.body.id, ranged)
        expect([part.status, part.bytes.equals(bytes.subarray(1_000_000))]).toEqual([206, true])
      }
    } finally {
      await proxy.stop()
      await service.stop()
    }
  })
})
