import { describe, expect, it, jest } from '@jest/globals'
import { type BlockPool, createBlockPool, type PooledBlock } from '../../src/runtime/blockPool.ts'

const createPool = () => createBlockPool({ bufferBytes: 1024, most: 4 })

const take = (pool: BlockPool, count: number): Promise<PooledBlock[]> =>
  Promise.all(Array.from({ length: count }, () => pool.take()))

/** Whether the promise is settled once everything that is due has run. */
const isSettled = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(resolve, false))])

describe('A pool of block buffers', () => {
  it('makes its callers wait, in their order, when all buffers are in use', async () => {
    const pool = createPool()
    const [first, second] = await take(pool, 4)
    const waiting = [pool.take(), pool.take()]
    expect(await isSettled(Promise.race(waiting))).toBe(false)
    second?.release()
    second?.release()
    expect((await waiting[0])?.buffer).toBe(second?.buffer)
    expect(await isSettled(Promise.all(waiting))).toBe(false)
    first?.release()
    expect((await waiting[1])?.buffer).toBe(first?.buffer)
  })

  it('takes the buffer that has been offered for the longest time, and tells its holder before', async () => {
    const pool = createPool()
    const blocks = await take(pool, 4)
    const told: number[] = []
    for (const index of [2, 0, 1]) blocks[index]?.offer(() => void told.push(index))
    expect(told).toEqual([])
    expect((await pool.take()).buffer).toBe(blocks[2]?.buffer)
    expect((await pool.take()).buffer).toBe(blocks[0]?.buffer)
    expect(told).toEqual([2, 0])
    expect(blocks.map((block) => block.withdraw())).toEqual([false, true, false, true])
    expect(await isSettled(pool.take())).toBe(false)
  })

  it('takes a buffer as soon as it is offered, when somebody waits', async () => {
    const pool = createPool()
    const [block] = await take(pool, 4)
    const waiting = pool.take()
    const onTaken = jest.fn()
    block?.offer(onTaken)
    expect(onTaken).toHaveBeenCalledTimes(1)
    expect((await waiting).buffer).toBe(block?.buffer)
    block?.release()
    expect(await isSettled(pool.take())).toBe(false)
  })

  it('lets more quick readers than buffers take turns, when each gives its buffer back after a block that others wait for', async () => {
    const pool = createPool()
    const blocksOf = [0, 0, 0, 0, 0, 0]
    const read = async (_: number, reader: number) => {
      let block: PooledBlock | undefined
      for (let left = 20; left > 0; left--) {
        block ??= await pool.take()
        await new Promise(setImmediate)
        blocksOf[reader] = (blocksOf[reader] ?? 0) + 1
        expect(Math.max(...blocksOf) - Math.min(...blocksOf)).toBeLessThanOrEqual(2)
        if (!pool.wanted()) continue
        block.release()
        block = undefined
      }
      block?.release()
    }
    await Promise.all(blocksOf.map(read))
    expect(await isSettled(take(pool, 4))).toBe(true)
  })

  it('lets a quarter of its buffers be read ahead into, and none while somebody waits', async () => {
    const pool = createPool()
    const ahead = pool.takeAhead()
    expect(ahead).toBeDefined()
    expect(pool.takeAhead()).toBeUndefined()
    ahead?.release()
    const [block] = await take(pool, 4)
    expect(pool.takeAhead()).toBeUndefined()
    const waiting = take(pool, 2)
    block?.release()
    expect(pool.takeAhead()).toBeUndefined()
    expect(await isSettled(waiting)).toBe(false)
  })

  it('counts a quarter of its memory, at most, for downloads without a buffer', async () => {
    const pool = createPool()
    const giveBack = pool.takeBytes(1000)
    expect(giveBack).toBeDefined()
    expect(pool.takeBytes(25)).toBeUndefined()
    expect(pool.takeBytes(24)).toBeDefined()
    const blocks = await take(pool, 3)
    expect(await isSettled(pool.take())).toBe(false)
    expect(blocks).toHaveLength(3)
    giveBack?.()
    expect(pool.takeBytes(1000)).toBeDefined()
  })

  it('has memory without a buffer as long as a buffer is not made, or free', async () => {
    const pool = createPool()
    const [block] = await take(pool, 4)
    expect(pool.takeBytes(1)).toBeUndefined()
    block?.release()
    const giveBack = pool.takeBytes(1)
    expect(giveBack).toBeDefined()
    expect(block?.buffer.buffer).toMatchObject({ detached: true })
    giveBack?.()
    expect((await pool.take()).buffer).toHaveLength(1024)
  })

  it('frees the memory of buffers that nobody used for a while', async () => {
    jest.useFakeTimers()
    try {
      const pool = createPool()
      const [first, second] = await take(pool, 2)
      first?.release()
      jest.advanceTimersByTime(10_000)
      expect(first?.buffer.buffer).toMatchObject({ detached: true })
      expect(second?.buffer.buffer).toMatchObject({ detached: false })
      second?.release()
      expect((await pool.take()).buffer).toBe(second?.buffer)
      jest.advanceTimersByTime(10_000)
      expect(second?.buffer).toHaveLength(1024)
    } finally {
      jest.useRealTimers()
    }
  })
})
