/** The marks of formats that file-type does not know: where each stands, and the media type. */
const MARKS: readonly (readonly [offset: number, mark: string, type: string])[] = [
  // WAV for more than 4 GiB (ITU-R BS.2088); the format's name follows the size.
  [0, 'RF64', 'audio/vnd.wave'],
  [0, 'BW64', 'audio/vnd.wave'],
  [0, '.snd\0', 'audio/basic'],
  [4, 'styp', 'video/iso.segment'],
  [40, ' EMF', 'image/emf'],
  [0, '\xd7\xcd\xc6\x9a', 'image/wmf'],
  [0, 'AT&TFORM', 'image/vnd.djvu'],
  [0, '#?RADIANCE\n', 'image/vnd.radiance'],
  // A capture with nanoseconds, in both byte orders.
  [0, '\x4d\x3c\xb2\xa1', 'application/vnd.tcpdump.pcap'],
  [0, '\xa1\xb2\x3c\x4d', 'application/vnd.tcpdump.pcap'],
]

/** The media type of bytes that are no text and have one of the marks. */
export const typeByMark = (head: Buffer): string | undefined =>
  MARKS.find(([offset, mark]) => head.toString('latin1', offset, offset + mark.length) === mark)?.[2]

/** Whether bytes with the mark of an icon hold a picture: a picture of Truevision begins like an icon without any. */
export const isIcon = (head: Buffer): boolean => head.length >= 6 && head.readUInt16LE(4) > 0
