import { interleave } from '../rounds.ts'
import { compare } from '../table.ts'
import { type Row, sizeName } from './row.ts'
import { uploadSides } from './uploads.ts'

export const tusUpload: Row = {
  id: '17',
  title: 'one large upload as a raw body',
  async run(site) {
    const { largeSize, rounds } = site.settings
    await site.requireSpace(largeSize * (rounds + 3))
    const samples = await interleave(
      rounds,
      await uploadSides(site, { size: largeSize, atOnce: 1, raw: true }),
    )
    const figure = `${sizeName(largeSize)} upload as a raw body; @tus/server with @tus/file-store`
    return [compare({ row: tusUpload.id, figure, unit: 'MiB/s', samples })]
  },
}
