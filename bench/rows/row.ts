import type { Site } from '../site.ts'
import type { Line } from '../table.ts'

/** One measurement. It starts its servers on the site, which the caller closes. */
export type Row = {
  readonly id: string
  readonly title: string
  /** Why it cannot run on this machine; undefined when it can. */
  readonly missing?: () => string | undefined
  readonly run: (site: Site) => Promise<Line[]>
}

export const MiB = 1024 ** 2
export const filesPath = '/service/fileupload'

export const sizeName = (bytes: number) =>
  bytes % 1024 ** 3 === 0 ? `${bytes / 1024 ** 3} GiB` : `${bytes / MiB} MiB`
