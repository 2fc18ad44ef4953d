import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { createFreshCache } from '../../src/database/freshCache.ts'

it('a value that is in use is read again at once, however many made-up names wait for their turn', async () => {
  const reads: string[] = []
  const never = new Promise<undefined>(() => {})
  const cache = createFreshCache(
    async (name) => {
      reads.push(name)
      return name === 'good' ? name : await never
    },
    { most: 100, mostReads: 2 },
  )
  await cache.find('good')
  for (let guess = 0; guess < 10; guess++) void cache.find(`guess ${guess}`)
  await sleep(1000)
  expect(await cache.find('good')).toBe('good')
  expect(reads).toEqual(['good', 'guess 0', 'guess 1', 'good'])
})

it('a name is read once at a time, and not again within a second', async () => {
  let reads = 0
  const cache = createFreshCache(async () => ++reads, { most: 10, mostReads: 2 })
  expect(await Promise.all(Array.from({ length: 5 }, () => cache.find('a')))).toEqual([1, 1, 1, 1, 1])
  expect(await cache.find('a')).toBe(1)
  cache.forget('a')
  expect(await cache.find('a')).toBe(2)
})

it('neither a failure nor an absent value is kept', async () => {
  const answers = [() => Promise.reject(new Error('down')), async () => undefined, async () => 'there']
  const cache = createFreshCache(() => answers.shift()?.() ?? never(), { most: 10, mostReads: 2 })
  await expect(cache.find('a')).rejects.toThrow('down')
  expect([await cache.find('a'), await cache.find('a'), await cache.find('a')]).toEqual([
    undefined,
    'there',
    'there',
  ])
})

const never = (): Promise<string | undefined> => Promise.reject(new Error('read too often'))
