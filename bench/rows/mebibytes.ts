import { interleave, median } from '../rounds.ts'
import { compare, measureLine } from '../table.ts'
import { MiB, type Row } from './row.ts'
import { uploadSides } from './uploads.ts'

const connections = 8

/** Files of this size are neither small, where the costs of a request count, nor large, where those of the bytes do. */
export const mebibytes: Row = {
  id: '12',
  title: 'uploads of 1 MiB',
  async run(site) {
    const { largeSize, mebibytes: count, rounds } = site.settings
    await site.requireSpace(3 * (count * MiB + largeSize))
    const sides = await uploadSides(site, { size: MiB, atOnce: connections, count })
    const [service] = await uploadSides(site, { size: largeSize, atOnce: 1 }, 'upfile-large')
    if (!service) throw new Error('There is no service to compare with')
    const samples = await interleave(rounds, [...sides, service])
    const [mebibyte = 0, , large = 0] = samples.map((side) => median(side.map(({ cpu }) => cpu)))
    const figure = `${count} uploads of 1 MiB, ${connections} connections`
    return [
      compare({
        ...{ row: mebibytes.id, figure: `${figure}; multer`, unit: '/s', samples: samples.slice(0, 2) },
        ...{ target: { atLeast: 0.65 }, operations: count },
      }),
      measureLine({
        ...{ row: mebibytes.id, figure: `${figure}: CPU of each ÷ CPU of 1 MiB of a large upload`, unit: '' },
        ...{ value: mebibyte / count / (large / (largeSize / MiB)), target: { atMost: 1.2 } },
      }),
    ]
  },
}
