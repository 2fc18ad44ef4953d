/** How a file system is made and mounted. */
export interface FileSystem {
  readonly make: readonly string[]
  readonly type: string
  readonly options: string
}

const mkfsOfExt4 = ['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard']

export const fileSystems = {
  ext4: { make: mkfsOfExt4, type: 'ext4', options: 'rw' },
  /** ext4 that does not write the bytes of a file before it commits its size. */
  'ext4-writeback': { make: mkfsOfExt4, type: 'ext4', options: 'data=writeback' },
  xfs: { make: ['mkfs.xfs', '-q', '-f', '-K'], type: 'xfs', options: 'nouuid' },
} as const satisfies Readonly<Record<string, FileSystem>>

export type FileSystemName = keyof typeof fileSystems

const isName = (name: string): name is FileSystemName => Object.hasOwn(fileSystems, name)

/** The file systems of `FILE_SYSTEM`, which are separated by commas. Throws an Error for a name that is none. */
export function parseFileSystems(text: string): FileSystemName[] {
  return text.split(',').map((name) => {
    if (isName(name)) return name
    throw new Error(`FILE_SYSTEM must be of ${Object.keys(fileSystems).join(', ')}, not "${name}".`)
  })
}
