/** Random numbers that a seed repeats. */
export interface Random {
  /** A whole number from `least` up to, and not including, `most`. */
  integer(least: number, most: number): number
  chance(percent: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

/** By mulberry32, which is good enough to choose among moments and sectors. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (least: number, most: number) => least + Math.floor(next() * (most - least))
  return {
    integer,
    chance: (percent) => integer(0, 100) < percent,
    pick: (items) => {
      const item = items[integer(0, items.length)]
      if (item === undefined) throw new Error('There is nothing to pick from.')
      return item
    },
  }
}
