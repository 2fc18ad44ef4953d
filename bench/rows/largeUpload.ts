import { interleave } from '../rounds.ts'
import { compare, memoryLine } from '../table.ts'
import { type Row, sizeName } from './row.ts'
import { uploadSides } from './uploads.ts'

const memoryLimit = 96

export const largeUpload: Row = {
  id: '1',
  title: 'one large upload',
  async run(site) {
    const { largeSize, rounds } = site.settings
    const name = `${sizeName(largeSize)} upload`
    await site.requireSpace(largeSize * (rounds + 3))
    const samples = await interleave(rounds, await uploadSides(site, { size: largeSize, atOnce: 1 }))
    const target = { atLeast: 0.95 }
    return [
      compare({ row: largeUpload.id, figure: `${name}, multer`, unit: 'MiB/s', samples, target }),
      memoryLine('1', `${name}, RSS above idle`, samples, memoryLimit),
    ]
  },
}

/** Always one round, also with `--rounds`: it moves 32 times the size, and it measures memory. */
export const largeUploadsAtOnce: Row = {
  id: '2',
  title: '16 large uploads at once',
  async run(site) {
    const { largeSize } = site.settings
    const atOnce = 16
    const name = `${atOnce} uploads of ${sizeName(largeSize)} at once`
    await site.requireSpace(largeSize * (2 * atOnce + 2))
    const samples = await interleave(1, await uploadSides(site, { size: largeSize, atOnce }))
    return [
      memoryLine('2', `${name}, RSS above idle`, samples, memoryLimit),
      compare({
        row: largeUploadsAtOnce.id,
        figure: `${name}, multer`,
        unit: 'MiB/s',
        samples,
        target: { atLeast: 0.65 },
      }),
    ]
  },
}
