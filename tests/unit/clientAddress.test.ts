import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { clientAddress } from '../../src/http/fields/clientAddress.ts'

/** The part of a request that tells where it comes from. */
const requestFrom = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

describe('The address that a client is counted by', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['2001:db8:1:2:3::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    [undefined, 'unknown'],
  ])('of the connection %s is %s', (remote, address) => {
    expect(clientAddress(requestFrom(remote, '203.0.113.9'), 0)).toBe(address)
  })

  it.each([
    [1, '203.0.113.9', '203.0.113.9'],
    [1, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    [2, '198.51.100.1, 203.0.113.9, 203.0.113.10', '203.0.113.9'],
    [2, '203.0.113.9', '203.0.113.9'],
    [1, '203.0.113.9:52100', '203.0.113.9'],
    [1, '2001:db8::1', '2001:db8:0:0::/64'],
    [1, '[2001:db8::1]:52100', '2001:db8:0:0::/64'],
    [1, '[2001:db8::1]', '2001:db8:0:0::/64'],
    [1, undefined, '192.0.2.7'],
    [1, '', '192.0.2.7'],
    [1, 'unknown', '192.0.2.7'],
    [1, '_hidden', '192.0.2.7'],
    [1, '203.0.113.9.9', '192.0.2.7'],
  ])('behind %d proxies that forward "%s" is %s', (proxies, forwarded, address) => {
    expect(clientAddress(requestFrom('192.0.2.7', forwarded), proxies)).toBe(address)
  })
})
