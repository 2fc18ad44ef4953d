import { randomBytes, randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { type Answer, type FileBody, filesPath, putRaw, send, upload } from '../support/client.ts'
import { describeService } from '../support/describeService.ts'
import {
  announce,
  beginMultipart,
  completeMultipart,
  type PresignedUrl,
  sendDirect,
  sendPart,
  setStatus,
} from '../support/direct.ts'
import { makeBucket, putNamed } from '../support/named.ts'
import {
  compoundFile,
  lateOfficeFile,
  mimetypeFile,
  officeFile,
  streamedOfficeFile,
} from '../support/samples/documents.ts'
import {
  at,
  ebmlFile,
  isoFile,
  oggFile,
  pngFile,
  riffFile,
  taggedMp3,
  tarFile,
  tiffFile,
} from '../support/samples/media.ts'
import { zipFile } from '../support/samples/zipFile.ts'
import { armFailpoints } from '../support/service.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

const office = 'application/vnd.openxmlformats-officedocument'
const [docx, xlsx, pptx] = [
  `${office}.wordprocessingml.document`,
  `${office}.spreadsheetml.sheet`,
  `${office}.presentationml.presentation`,
]
const excel = 'application/vnd.ms-excel'
const odf = 'application/vnd.oasis.opendocument'
const binary = 'application/octet-stream'
const zip = 'application/zip'
const pdf = '%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n'
const svg = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
const [xhtml, xhtmlType] = ['<html xmlns="http://www.w3.org/1999/xhtml"><p/></html>', 'application/xhtml+xml']
const strict = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "xhtml1-strict.dtd">'
const tar = tarFile(pdf)
/** A drawing as Illustrator saves it. */
const illustrator = `<?xml version="1.0" encoding="utf-8"?>
<!-- Generator: Adobe Illustrator -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
  <!ENTITY ns_svg "http://www.w3.org/2000/svg"> <!-- it's a "name" ]> -->
]>
<svg xmlns="&ns_svg;" viewBox="0 0 1 1"/>`

type Row = readonly [
  what: string,
  name: string,
  /** As a browser declares it. */
  declared: string,
  bytes: string | Buffer,
  type: string,
  shown?: 'inline',
]

const pictures: readonly Row[] = [
  ['a JPEG', 'a.jpg', 'image/jpeg', hex('ffd8ffe000104a46494600010100'), 'image/jpeg', 'inline'],
  ['a JPEG under its old name', 'a.jpg', 'image/pjpeg', hex('ffd8ffdb004300'), 'image/jpeg', 'inline'],
  ['a PNG', 'a.png', 'image/png', pngFile(), 'image/png', 'inline'],
  [
    'a PNG with a large profile',
    'b.png',
    'image/png',
    pngFile([['iCCP', randomBytes(90_000)]]),
    'image/png',
    'inline',
  ],
  [
    'an animated PNG with a large profile',
    'a.png',
    'image/png',
    pngFile([
      ['iCCP', randomBytes(90_000)],
      ['acTL', Buffer.alloc(8)],
    ]),
    'image/apng',
    'inline',
  ],
  ['a GIF', 'a.gif', 'image/gif', latin1('GIF89a\x01\0\x01\0\0\0\0;'), 'image/gif', 'inline'],
  ['a WebP', 'a.webp', 'image/webp', riffFile('WEBPVP8 '), 'image/webp', 'inline'],
  ['an AVIF', 'a.avif', 'image/avif', isoFile('avif'), 'image/avif', 'inline'],
  [
    'an AVIF of the general brand',
    'b.avif',
    'image/avif',
    isoFile('mif1', ['mif1', 'avif']),
    'image/avif',
    'inline',
  ],
  ['a HEIC', 'a.heic', 'image/heic', isoFile('heic'), 'image/heic'],
  ['a HEIC of the general brand', 'b.heic', 'image/heic', isoFile('mif1', ['mif1', 'heic']), 'image/heic'],
  ['a HEIF', 'a.heif', 'image/heif', isoFile('mif1', ['mif1']), 'image/heif'],
  ['a TIFF with its tags first', 'a.tif', 'image/tiff', tiffFile(0), 'image/tiff'],
  ['a TIFF with its tags last', 'b.tif', 'image/tiff', tiffFile(300_000), 'image/tiff'],
  [
    'a raw photo with its tags last',
    'a.dng',
    'image/x-adobe-dng',
    tiffFile(100_000, [50_706]),
    'image/x-adobe-dng',
  ],
  ['a bitmap', 'a.bmp', 'image/x-ms-bmp', latin1('BM\x3a\0\0\0\0\0\0\0\x36\0\0\0'), 'image/bmp'],
  ['an icon', 'a.ico', 'image/x-icon', hex('000001000100101000000000'), 'image/vnd.microsoft.icon'],
  [
    'a layered picture',
    'a.psd',
    'image/x-photoshop',
    latin1('8BPS\0\x01\0\0\0\0'),
    'image/vnd.adobe.photoshop',
  ],
  ['a cursor', 'a.cur', binary, hex('000002000100202000000000'), 'image/vnd.microsoft.icon'],
  ['a picture of Truevision', 'a.tga', 'image/x-tga', hex('000002000000000000000000100010001808'), binary],
  ['a large layered picture', 'a.psb', binary, latin1('8BPS\0\x02\0\0\0\0'), 'image/vnd.adobe.photoshop'],
  ['a plan of AutoCAD', 'a.dwg', 'image/vnd.dwg', latin1('AC1027\0\0\0\0\0'), 'image/vnd.dwg'],
  [
    'a metafile',
    'a.emf',
    'image/emf',
    at(0, Buffer.concat([hex('01000000'), at(36, latin1(' EMF'))]), 88),
    'image/emf',
  ],
  ['an older metafile', 'a.wmf', 'image/x-wmf', hex('d7cdc69a00000000'), 'image/wmf'],
  ['a scan in DjVu', 'a.djvu', 'image/vnd.djvu', latin1('AT&TFORM\0\0\0\x10DJVUINFO'), 'image/vnd.djvu'],
  ['a picture of high range', 'a.hdr', 'image/vnd.radiance', latin1('#?RADIANCE\n\0'), 'image/vnd.radiance'],
  ['a painting in layers', 'a.ora', 'image/openraster', mimetypeFile('image/openraster'), 'image/openraster'],
  ['a JPEG XL', 'a.jxl', 'image/jxl', hex('0000000c4a584c200d0a870a'), 'image/jxl'],
  ['a drawing', 'a.svg', 'image/svg+xml', svg, 'image/svg+xml'],
  ['a drawing of Illustrator', 'b.svg', 'image/svg+xml', illustrator, 'image/svg+xml'],
  ['a drawing in UTF-16', 'c.svg', 'image/svg+xml', utf16(illustrator), 'image/svg+xml'],
  ['a drawing in big-endian UTF-16', 'd.svg', 'image/svg+xml', utf16(illustrator).swap16(), 'image/svg+xml'],
  ['a drawing in Latin-1', 'e.svg', 'image/svg+xml', latin1(`<!-- \xfc -->${svg}`), 'image/svg+xml'],
  ['a drawing behind a byte order mark', 'f.svg', 'image/svg+xml', `\ufeff${illustrator}`, 'image/svg+xml'],
  [
    'a drawing whose elements have a prefix',
    'g.svg',
    'image/svg+xml',
    '<s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
    'image/svg+xml',
  ],
  [
    'a drawing behind 10,000 letters of comment',
    'h.svg',
    'image/svg+xml',
    `<?xml version="1.0"?><!--${'-x'.repeat(5000)}-->${svg}`,
    'image/svg+xml',
  ],
  [
    'XML with a drawing in it',
    'a.svg',
    'image/svg+xml',
    `<?xml version="1.0"?><a>${svg}</a>`,
    'application/xml',
  ],
  [
    'XML that only names a drawing',
    'b.xml',
    'text/xml',
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "<svg>">]><a/>',
    'application/xml',
  ],
]

const sounds: readonly Row[] = [
  ['an MP3', 'a.mp3', 'audio/mpeg', taggedMp3(200), 'audio/mpeg', 'inline'],
  ['an MP3 with a large picture', 'b.mp3', 'audio/mp3', taggedMp3(200_000), 'audio/mpeg', 'inline'],
  ['an MP3 with a gap', 'c.mp3', 'audio/mpeg', taggedMp3(200, 50), 'audio/mpeg', 'inline'],
  ['AAC in MP4', 'a.m4a', 'audio/x-m4a', isoFile('M4A '), 'audio/mp4', 'inline'],
  ['an audio book', 'a.m4b', 'audio/x-m4b', isoFile('M4B '), 'audio/mp4', 'inline'],
  ['sound alone of Safari', 'b.m4a', 'audio/mp4', isoFile('iso5'), 'audio/mp4', 'inline'],
  ['sound alone of a phone', 'a.3gp', 'audio/3gpp', isoFile('3gp4'), 'audio/3gpp'],
  ['AAC in MP4 of which nothing is said', 'c.m4a', binary, isoFile('mp42'), 'audio/mp4', 'inline'],
  ['Opus of which nothing is said', 'b.opus', binary, oggFile('OpusHead'), 'audio/ogg', 'inline'],
  ['sound of Matroska of which nothing is said', 'b.mka', binary, ebmlFile('matroska'), 'audio/matroska'],
  [
    'an Ogg with an index of which nothing is said',
    'b.oga',
    binary,
    oggFile('fishead\0'),
    'audio/ogg',
    'inline',
  ],
  ['AAC alone', 'a.aac', 'audio/vnd.dlna.adts', hex('fff15080021ffc'), 'audio/aac', 'inline'],
  ['a FLAC', 'a.flac', 'audio/x-flac', latin1('fLaC\0\0\0\x22'), 'audio/flac', 'inline'],
  ['a WAV', 'a.wav', 'audio/wav', riffFile('WAVEfmt '), 'audio/vnd.wave', 'inline'],
  [
    'a WAV above 4 GiB',
    'b.wav',
    'audio/wav',
    latin1('RF64\xff\xff\xff\xffWAVEds64\x1c\0'),
    'audio/vnd.wave',
    'inline',
  ],
  [
    'a WAV of a broadcaster',
    'c.wav',
    'audio/x-wav',
    latin1('BW64\xff\xff\xff\xffWAVEds64\x1c\0'),
    'audio/vnd.wave',
    'inline',
  ],
  ['an AIFF', 'a.aiff', 'audio/x-aiff', latin1('FORM\0\0\0\x40AIFFCOMM'), 'audio/aiff'],
  ['sound of Sun', 'a.au', 'audio/basic', latin1('.snd\0\0\0\x18'), 'audio/basic'],
  ['a list of songs', 'a.m3u', 'audio/x-mpegurl', '#EXTM3U\n#EXTINF:1,a\na.mp3\n', 'audio/mpegurl'],
  ['a list of songs of which nothing is said', 'b.m3u', binary, '#EXTM3U\r\na.mp3\r\n', 'audio/mpegurl'],
  ['an Opus', 'a.opus', 'audio/ogg', oggFile('OpusHead'), 'audio/ogg', 'inline'],
  ['an Ogg with an index', 'a.oga', 'audio/ogg', oggFile('fishead\0'), 'audio/ogg', 'inline'],
  ['sound alone in WebM', 'a.weba', 'audio/webm;codecs=opus', ebmlFile('webm'), 'audio/webm', 'inline'],
  ['sound alone in Matroska', 'a.mka', 'audio/x-matroska', ebmlFile('matroska'), 'audio/matroska'],
  [
    'sound alone in Matroska that is called WebM',
    'b.weba',
    'audio/webm',
    ebmlFile('matroska'),
    'audio/matroska',
  ],
  ['notes', 'a.mid', 'audio/mid', latin1('MThd\0\0\0\x06'), 'audio/midi'],
]

const videos: readonly Row[] = [
  ['an MP4', 'a.mp4', 'video/mp4', isoFile('isom'), 'video/mp4', 'inline'],
  ['an M4V', 'a.m4v', 'video/x-m4v', isoFile('M4V '), 'video/mp4', 'inline'],
  ['a video of QuickTime', 'a.mov', 'video/quicktime', isoFile('qt  '), 'video/quicktime'],
  ['a WebM', 'a.webm', 'video/webm', ebmlFile('webm'), 'video/webm', 'inline'],
  ['a WebM of which nothing is said', 'b.webm', binary, ebmlFile('webm'), 'video/webm', 'inline'],
  ['a Matroska', 'a.mkv', 'video/x-matroska', ebmlFile('matroska'), 'video/matroska'],
  ['an Ogg video', 'a.ogv', 'video/ogg', oggFile('\x80theora'), 'video/ogg', 'inline'],
  ['a 3GPP', 'b.3gp', 'video/3gpp', isoFile('3gp4'), 'video/3gpp'],
  [
    'a playlist of a stream',
    'a.m3u8',
    'application/x-mpegurl',
    '#EXTM3U\n#EXT-X-VERSION:3\n',
    'application/vnd.apple.mpegurl',
  ],
  ['a piece of a stream', 'a.m4s', binary, latin1('\0\0\0\x18stypmsdh\0\0\0\0msdhmsix'), 'video/iso.segment'],
  ['an AVI', 'a.avi', 'video/x-msvideo', riffFile('AVI LIST'), 'video/vnd.avi'],
  ['an MPEG', 'a.mpg', 'video/mpeg', hex('000001ba44000400'), 'video/mpeg'],
  [
    'a transport stream',
    'a.mts',
    'video/vnd.dlna.mpeg-tts',
    at(0, hex('47'), 376).fill(0x47, 188, 189),
    'video/mp2t',
  ],
]

const documents: readonly Row[] = [
  ['a PDF', 'a.pdf', 'application/pdf', latin1(pdf), 'application/pdf'],
  ['a PDF behind a line end', 'b.pdf', 'application/pdf', latin1(`\r\n${pdf}`), 'application/pdf'],
  ['a PDF behind a blank', 'c.pdf', 'application/pdf', ` ${pdf.slice(0, 9)}`, 'application/pdf'],
  ['a PDF behind a byte order mark', 'd.pdf', 'application/pdf', `\ufeff${pdf}`, 'application/pdf'],
  [
    'a PDF in a printer job',
    'e.pdf',
    'application/pdf',
    latin1(`\x1b%-12345X@PJL JOB NAME="a"\r\n@PJL ENTER LANGUAGE=PDF\r\n${pdf}`),
    'application/pdf',
  ],
  [
    'a PDF behind a MIME head',
    'f.pdf',
    'application/pdf',
    latin1(`MIME-Version: 1.0\r\nContent-Type: application/pdf;\r\n name="a"\r\n\r\n${pdf}`),
    'application/pdf',
  ],
  [
    'a PDF in its form',
    'g.pdf',
    'application/pdf',
    latin1(`--b1\r\nContent-Disposition: form-data; name="f"\r\n\r\n${pdf}\0`),
    'application/pdf',
  ],
  ['a PDF behind NULs', 'h.pdf', 'application/pdf', latin1(`${'\0'.repeat(1000)}${pdf}`), 'application/pdf'],
  ['a PDF behind noise', 'i.pdf', 'application/pdf', latin1(`\x01\x02\x03\xfe${pdf}`), 'application/pdf'],
  [
    'a PDF behind words',
    'k.pdf',
    'application/pdf',
    latin1(`Our printer says hello.\n${pdf}`),
    'application/pdf',
  ],
  ['a PDF too far behind', 'j.pdf', 'application/pdf', latin1(`${'\0'.repeat(1024)}${pdf}`), binary],
  ['a program that names PDF', 'a.bin', binary, latin1('\x01\0reads %PDF-1.7, and writes it\0'), binary],
  ['a text about PDF', 'a.txt', 'text/plain', 'The first line is:\n\n%PDF-1.7\n', 'text/plain', 'inline'],
  ['a text of Word', 'a.docx', docx, officeFile(`${docx}.main+xml`), docx],
  ['a text of Word, written in one pass', 'b.docx', docx, streamedOfficeFile(`${docx}.main+xml`), docx],
  [
    'a text with macros',
    'a.docm',
    'application/vnd.ms-word.document.macroEnabled.12',
    officeFile('application/vnd.ms-word.document.macroEnabled.main+xml'),
    'application/vnd.ms-word.document.macroenabled.12',
  ],
  [
    'a template with macros',
    'a.dotm',
    'application/vnd.ms-word.template.macroEnabled.12',
    lateOfficeFile('application/vnd.ms-word.template.macroEnabledTemplate.main+xml'),
    'application/vnd.ms-word.template.macroenabled.12',
  ],
  ['a table of Excel', 'a.xlsx', xlsx, officeFile(`${xlsx}.main+xml`), xlsx],
  ['a small table of openpyxl', 'b.xlsx', xlsx, lateOfficeFile(`${xlsx}.main+xml`), xlsx],
  ['a large table of openpyxl', 'c.xlsx', xlsx, lateOfficeFile(`${xlsx}.main+xml`, 300_000), xlsx],
  [
    'a table with macros',
    'a.xlsm',
    'application/vnd.ms-excel.sheet.macroEnabled.12',
    lateOfficeFile('application/vnd.ms-excel.sheet.macroEnabled.main+xml', 100_000),
    'application/vnd.ms-excel.sheet.macroenabled.12',
  ],
  [
    'a binary table',
    'a.xlsb',
    'application/vnd.ms-excel.sheet.binary.macroEnabled.12',
    lateOfficeFile('application/vnd.ms-excel.sheet.binary.macroEnabled.main'),
    'application/vnd.ms-excel.sheet.binary.macroenabled.12',
  ],
  [
    'a template of a table',
    'a.xltx',
    `${office}.spreadsheetml.template`,
    lateOfficeFile(`${office}.spreadsheetml.template.main+xml`),
    `${office}.spreadsheetml.template`,
  ],
  ['slides', 'a.pptx', pptx, officeFile(`${pptx}.main+xml`), pptx],
  [
    'a slide show',
    'a.ppsx',
    `${office}.presentationml.slideshow`,
    lateOfficeFile(`${office}.presentationml.slideshow.main+xml`),
    `${office}.presentationml.slideshow`,
  ],
  [
    'a diagram',
    'a.vsdx',
    'application/vnd.ms-visio.drawing.main+xml',
    lateOfficeFile('application/vnd.ms-visio.drawing.main+xml'),
    'application/vnd.visio',
  ],
  [
    'a model to print',
    'a.3mf',
    'model/3mf',
    lateOfficeFile('application/vnd.ms-package.3dmanufacturing-3dmodel+xml'),
    'model/3mf',
  ],
  ['a text of LibreOffice', 'a.odt', `${odf}.text`, mimetypeFile(`${odf}.text`), `${odf}.text`],
  [
    'a table of LibreOffice',
    'a.ods',
    `${odf}.spreadsheet`,
    mimetypeFile(`${odf}.spreadsheet`),
    `${odf}.spreadsheet`,
  ],
  [
    'a book',
    'a.epub',
    'application/epub+zip',
    mimetypeFile('application/epub+zip\n'),
    'application/epub+zip',
  ],
  [
    'a book that was packed again',
    'b.epub',
    'application/epub+zip',
    zipFile([
      ['a.png', randomBytes(100_000)],
      ['mimetype', 'application/epub+zip'],
    ]),
    'application/epub+zip',
  ],
  [
    'a text of an older Word',
    'a.doc',
    'application/msword',
    compoundFile(['1Table', 'WordDocument'], 100_000),
    'application/msword',
  ],
  ['a table of an older Excel', 'a.xls', excel, compoundFile(['Workbook', 'Ctls']), excel],
  ['a large table of an older Excel', 'b.xls', excel, compoundFile(['Book'], 500_000), excel],
  [
    'older slides',
    'a.ppt',
    'application/vnd.ms-powerpoint',
    compoundFile(['Pictures', 'PowerPoint Document'], 80_000),
    'application/vnd.ms-powerpoint',
  ],
  [
    'a message of Outlook',
    'a.msg',
    'application/vnd.ms-outlook',
    compoundFile(['__nameid_version1.0', '__properties_version1.0']),
    'application/vnd.ms-outlook',
  ],
  ['rich text', 'a.rtf', 'text/rtf', '{\\rtf1\\ansi hello}', 'application/rtf'],
  ['PostScript in itself', 'a.eps', 'image/x-eps', '%!PS-Adobe-3.0 EPSF-3.0\n', 'application/postscript'],
]

const archives: readonly Row[] = [
  ['an archive', 'a.zip', 'application/x-zip-compressed', zipFile([['a.txt', 'a']]), zip],
  [
    'an archive with a comment',
    'b.zip',
    zip,
    zipFile([['a.txt', 'a']], { comment: latin1('PK\x05\x06 is no end'.repeat(9)) }),
    zip,
  ],
  ['an archive with a folder as Excel has it', 'c.zip', zip, zipFile([['xl/workbook.xml', '<a/>']]), zip],
  [
    'an archive with a table in it',
    'd.zip',
    zip,
    zipFile([['a.xlsx', lateOfficeFile(`${xlsx}.main+xml`)]], { stored: ['a.xlsx'] }),
    zip,
  ],
  [
    'an archive that calls itself a page',
    'e.zip',
    zip,
    zipFile([['mimetype', 'text/html']], { stored: ['mimetype'] }),
    zip,
  ],
  ['an archive without an end', 'f.zip', zip, zipFile([['a.txt', 'a']]).subarray(0, 40), zip],
  ['an archive of nothing', 'g.zip', zip, zipFile([]), zip],
  [
    'a Java archive',
    'a.jar',
    'application/x-java-archive',
    zipFile([
      ['META-INF/', ''],
      ['META-INF/MANIFEST.MF', 'a'],
    ]),
    'application/java-archive',
  ],
  [
    'an Android package',
    'a.apk',
    'application/vnd.android.package-archive',
    zipFile([
      ['META-INF/MANIFEST.MF', 'a'],
      ['res/a.png', randomBytes(90_000)],
      ['classes.dex', 'a'],
      ['AndroidManifest.xml', 'a'],
    ]),
    'application/vnd.android.package-archive',
  ],
  [
    'places of Google Earth',
    'a.kmz',
    'application/vnd.google-earth.kmz',
    zipFile([
      ['files/a.png', 'a'],
      ['doc.kml', '<kml/>'],
    ]),
    'application/vnd.google-earth.kmz',
  ],
  [
    'a model for phones',
    'a.usdz',
    'model/vnd.usdz+zip',
    zipFile([['a.usdc', 'a']], { stored: ['a.usdc'] }),
    'model/vnd.usdz+zip',
  ],
  ['a gzip', 'a.gz', 'application/x-gzip', gzipSync('a'), 'application/gzip'],
  ['a packed tar', 'a.tgz', 'application/x-compressed-tar', gzipSync(tar), 'application/gzip'],
  ['a tar whose first file is a PDF', 'a.tar', 'application/x-tar', tar, 'application/x-tar'],
  ['a bzip2', 'a.bz2', 'application/x-bzip', hex('425a68393141592653590000'), 'application/x-bzip2'],
  ['an xz', 'a.xz', 'application/x-xz', hex('fd377a585a000004'), 'application/x-xz'],
  ['a Zstandard', 'a.zst', 'application/zstd', hex('28b52ffd2400'), 'application/zstd'],
  ['a 7-Zip', 'a.7z', 'application/x-7z-compressed', hex('377abcaf271c0004'), 'application/x-7z-compressed'],
  ['a RAR', 'a.rar', 'application/x-rar-compressed', hex('526172211a070100'), 'application/vnd.rar'],
  [
    'an image of a disc',
    'a.iso',
    'application/x-cd-image',
    at(32_768, latin1('\x01CD001\x01'), 65_536),
    'application/vnd.efi.iso',
  ],
  [
    'a Windows program',
    'a.exe',
    'application/x-msdownload',
    latin1('MZ\x90\0\x03\0'),
    'application/vnd.microsoft.portable-executable',
  ],
  [
    'a database',
    'a.sqlite',
    'application/x-sqlite3',
    latin1('SQLite format 3\0\x10\0'),
    'application/vnd.sqlite3',
  ],
  ['WebAssembly', 'a.wasm', 'application/wasm', hex('0061736d01000000'), 'application/wasm'],
  ['a table of columns', 'a.parquet', binary, latin1('PAR1\x15\0\0PAR1'), 'application/vnd.apache.parquet'],
  ['a program of Linux', 'a', binary, hex('7f454c46020101000000'), 'application/x-elf'],
  ['a program of macOS', 'a', binary, hex('cffaedfe070000010300'), 'application/x-mach-binary'],
  ['a program of Java', 'A.class', 'application/java-vm', hex('cafebabe00000034'), 'application/java-vm'],
  ['a capture of a network', 'a.pcap', binary, hex('d4c3b2a102000400'), 'application/vnd.tcpdump.pcap'],
  ['a capture with nanoseconds', 'b.pcap', binary, hex('4d3cb2a102000400'), 'application/vnd.tcpdump.pcap'],
  ['a font', 'a.woff2', 'font/woff2', latin1('wOF2\0\x01\0\0'), 'font/woff2'],
]

const umlauts = latin1('Name;Preis\r\nT\xfcr;5 \x80\r\n')
const texts: readonly Row[] = [
  ['a text', 'a.txt', 'text/plain', 'Grüße\n', 'text/plain', 'inline'],
  ['a text in Windows-1252', 'b.txt', 'text/plain', umlauts, 'text/plain', 'inline'],
  ['a text in Shift JIS', 'c.txt', 'text/plain', hex('93fa967b8cea0a'), 'text/plain', 'inline'],
  ['a text in UTF-16', 'd.txt', 'text/plain', utf16('日本語'), 'text/plain', 'inline'],
  [
    'a text whose 64 KiB end within a letter',
    'e.txt',
    'text/plain',
    `a${'ü'.repeat(40_000)}`,
    'text/plain',
    'inline',
  ],
  ['a table in Windows-1252', 'a.csv', 'text/csv', umlauts, 'text/csv'],
  ['a table on a computer with Excel', 'b.csv', excel, 'a;b\r\n', 'text/csv'],
  ['a table in Windows-1252 on a computer with Excel', 'c.csv', excel, umlauts, 'text/csv'],
  ['a table that is called text', 'd.csv', 'text/plain', 'a;b\n', 'text/plain', 'inline'],
  ['a table with a control character', 'e.csv', 'text/csv', latin1('a;\x01\xfc\n'), binary],
  ['a table under an old name', 'f.csv', 'text/comma-separated-values', 'a,b\n', 'text/csv'],
  ['Markdown', 'README.MD', binary, '# Title\n', 'text/markdown'],
  ['Markdown under an old name', 'a.md', 'text/x-markdown', '# Title\n', 'text/markdown'],
  [
    'Markdown that begins with a heading of HTML',
    'b.md',
    'text/markdown',
    '<h1 align="center">Title</h1>\n\n# Title\n',
    'text/markdown',
  ],
  [
    'Markdown that begins with a picture',
    'README.md',
    binary,
    '<!-- a -->\n<p align="center">\n  <img src="a.png">\n</p>\n',
    'text/markdown',
  ],
  ['a page that is called Markdown', 'c.md', 'text/markdown', '<html><h1>Title</h1>', 'text/html'],
  ['a script that is called Markdown', 'd.md', 'text/markdown', '<script>alert(1)</script>', 'text/html'],
  ['a part of a page that is called text', 'f.txt', 'text/plain', '<h1>Title</h1>', 'text/html'],
  ['a part of a page', 'd.html', 'text/html', '<h1>Title</h1>', 'text/html'],
  ['lines of JSON', 'a.jsonl', 'application/jsonl', '{}\n', 'application/x-ndjson'],
  [
    'subtitles of a film',
    'a.srt',
    'application/x-subrip',
    '1\n00:00:00,000 --> 00:00:01,000\n',
    'application/x-subrip',
  ],
  ['a contact behind a byte order mark', 'a.vcf', binary, '\ufeffBEGIN:VCARD\r\n', 'text/vcard'],
  ['a letter', 'a.eml', binary, 'From: a\r\nContent-Type: text/html\r\n\r\n<html>', 'message/rfc822'],
  ['a table in UTF-16', 'g.csv', 'text/csv', utf16('a;b\n'), 'text/csv'],
  ['a model for a printer', 'a.stl', 'model/stl', 'solid a\n facet normal 0 0 1\n', 'model/stl'],
  ['a model with its points', 'a.obj', binary, 'v 0 0 0\n', 'model/obj'],
  ['JSON', 'a.json', binary, '{}\n', 'application/json'],
  ['JSON of places', 'a.geojson', 'application/geo+json', '{}\n', 'application/geo+json'],
  ['YAML', 'a.yml', 'application/x-yaml', 'a: 1\n', 'application/yaml'],
  ['a script', 'a.js', 'application/javascript', 'alert(1)\n', 'text/javascript'],
  ['a program in TypeScript', 'a.ts', 'video/mp2t', 'let a = 1\n', 'text/plain', 'inline'],
  ['an appointment', 'a.ics', 'text/calendar', 'BEGIN:VCALENDAR\r\n', 'text/calendar'],
  ['subtitles', 'a.vtt', binary, 'WEBVTT\n\n', 'text/vtt'],
  ['XML', 'a.xml', 'text/xml', '<?xml version="1.0"?><a/>', 'application/xml'],
  ['XML without a declaration', 'b.xml', 'text/xml', '<note/>', 'application/xml'],
  ['XML whose first element has a name of HTML', 'd.xml', 'application/xml', '<a/>', 'application/xml'],
  ['XML with a table, by its ending', 'e.xml', binary, '<table><row/></table>', 'application/xml'],
  ['a style of XML', 'a.xsl', 'text/xsl', '<?xml version="1.0"?><xsl:stylesheet/>', 'application/xslt+xml'],
  ['a model in XML', 'a.dae', binary, '<?xml version="1.0"?><COLLADA/>', 'model/vnd.collada+xml'],
  ['XHTML', 'a.xhtml', xhtmlType, `<?xml version="1.0"?>${strict}${xhtml}`, xhtmlType],
  ['XHTML without a declaration', 'b.xhtml', xhtmlType, `${strict}<!-- a -->${xhtml}`, xhtmlType],
  ['XHTML that is called XML', 'c.xhtml', 'application/xml', `<?xml version="1.0"?>${xhtml}`, xhtmlType],
  [
    'XHTML under a prefix',
    'd.xhtml',
    binary,
    `<?xml version="1.0"?><h:html xmlns:h='http://www.w3.org/1999/xhtml'/>`,
    xhtmlType,
  ],
  ['XHTML that is called HTML', 'e.html', 'text/html', `<?xml version="1.0"?>${strict}${xhtml}`, xhtmlType],
  ['XHTML of which nothing is said', 'f.html', binary, `${strict}${xhtml}`, 'text/html'],
  [
    'XML that names XHTML',
    'f.xml',
    'application/xml',
    '<?xml version="1.0"?><a xmlns:h="http://www.w3.org/1999/xhtml"/>',
    'application/xml',
  ],
  ['news', 'a.rss', 'application/rss+xml', '<?xml version="1.0"?><rss/>', 'application/rss+xml'],
  ['places', 'a.kml', binary, '<?xml version="1.0"?><kml/>', 'application/vnd.google-earth.kml+xml'],
  ['a page', 'a.html', 'text/html', '<!doctype html><p>', 'text/html'],
  ['a page in Latin-1', 'b.html', 'text/html', latin1('<html>\xfc'), 'text/html'],
  [
    'a page that is called text',
    'a.txt',
    'text/plain',
    '<!-- \xfc --><script>alert(1)</script>',
    'text/html',
  ],
  [
    'a page that is called XML',
    'c.xml',
    'application/xml',
    '<!DOCTYPE html [<!ENTITY a "b">]><html/>',
    'text/html',
  ],
  ...['<!DOCTYPE  html>', '<!doctype\r\nhtml>', '<!DOCTYPE\t\thtml><my-app>'].map(
    (start, index): Row => [
      `a page with more blanks in its document type, ${index}`,
      ...([`d${index}.md`, 'text/markdown', `${start}Hi <script>alert(1)</script>`, 'text/html'] as const),
    ],
  ),
  ['an empty text', 'empty.txt', binary, '', 'text/plain', 'inline'],
  ['an empty table', 'empty.csv', excel, '', 'text/csv'],
  ['an empty text without an ending', 'empty', 'text/plain', '', 'text/plain', 'inline'],
  ['an empty file', 'empty.bin', binary, '', binary],
  ['an empty picture', 'empty.png', 'image/png', '', binary],
  ['noise that is called text', 'noise.txt', 'text/plain', hex('00010280ff'), binary],
]

const rows = [...pictures, ...sounds, ...videos, ...documents, ...archives, ...texts].map(
  ([what, name, declared, bytes, type, shown]) =>
    [what, name, declared, bytes, type, shown ?? 'attachment'] as const,
)

describeService('the type of a file', (service) => {
  const allow = '?duplicates=allow'

  it.each(rows)('is found in the bytes: %s', async (_what, name, declared, bytes, type, shown) => {
    const { body } = await upload(service, bytes, { name, type: declared, query: allow })
    expect(body.file_type).toBe(type)
    const content = await send(service, `${body.content_url}?disposition=inline`)
    expect(content.headers.get('content-disposition')?.split(';')[0]).toBe(shown)
    const query = `${allow}&file_name=${encodeURIComponent(name)}`
    const raw = await putRaw(service, bytes, { query, headers: { 'Content-Type': declared } })
    expect(raw.body.file_type).toBe(type)
  })

  it('is not guessed while the storage does not answer', async () => {
    const bytes = lateOfficeFile(`${xlsx}.main+xml`, 300_000)
    await armFailpoints('READ=EIO')
    const failed = await upload(service, bytes, { name: 'a.xlsx' })
    await armFailpoints('')
    expect(failed).toBeProblem(503, 'storage-unavailable')
    expect((await upload(service, bytes, { name: 'a.xlsx' })).body.file_type).toBe(xlsx)
    await service.maintain()
    expect(await service.violations()).toEqual([])
  })

  it('is sent under a name that Firefox plays', async () => {
    const { body } = await upload(service, riffFile('WAVEdata'), { name: 'a.wav', type: 'audio/x-wav' })
    const { headers } = await send(service, body.content_url)
    expect([body.file_type, headers.get('content-type')]).toEqual(['audio/vnd.wave', 'audio/wav'])
  })
})

type WayIn = (bytes: Buffer, name: string, declared: string, bucket: string) => Promise<Answer>

describeService('the types that a bucket takes', (service) => {
  /** The part size that every S3 takes. */
  const partBytes = 5 * 2 ** 20
  const waysIn: readonly [string, WayIn][] = [
    ['a form', (bytes, name, type, bucket) => upload(service, bytes, { name, type, fields: { bucket } })],
    [
      'a body',
      (bytes, name, type, bucket) =>
        putRaw(service, bytes, {
          query: `?bucket=${bucket}&file_name=${name}`,
          headers: { 'Content-Type': type },
        }),
    ],
    ['a form with a name', (bytes, name, type, bucket) => putNamed(service, name, bytes, { bucket, type })],
    [
      'a signed request',
      async (bytes, filename, type, bucket) => {
        const announced = await announce(service, bytes, { filename, type, bucket, method: 'PUT' })
        if (announced.status !== 200) return announced
        const sent = await sendDirect(service, announced.body, bytes)
        return sent.status < 300 ? await setStatus(service, announced.body.key, 'uploaded') : sent
      },
    ],
    [
      'a signed form',
      async (bytes, filename, type, bucket) => {
        const query = new URLSearchParams({ filename, type, bucket })
        const { body } = await send<PresignedUrl>(service, `/s3/params?${query}`)
        return await sendDirect(service, { ...body, method: 'POST' }, bytes)
      },
    ],
    [
      'parts',
      async (bytes, filename, type, bucket) => {
        const begun = await beginMultipart(service, { filename, type, bucket, file_size: bytes.length })
        if (begun.status >= 300) return begun
        const { uploadId } = begun.body
        const parts = []
        for (let number = 1; (number - 1) * partBytes < bytes.length; number++) {
          const part = bytes.subarray((number - 1) * partBytes, number * partBytes)
          parts.push({ PartNumber: number, ETag: await sendPart(service, uploadId, number, part) })
        }
        return await completeMultipart(service, uploadId, parts)
      },
    ],
  ]

  const cases: readonly Row[] = [
    ['a table of openpyxl', 'a.xlsx', xlsx, lateOfficeFile(`${xlsx}.main+xml`), xlsx],
    ['a large table', 'b.xlsx', xlsx, lateOfficeFile(`${xlsx}.main+xml`, partBytes + 100_000), xlsx],
    ['a text in one pass', 'a.docx', docx, streamedOfficeFile(`${docx}.main+xml`), docx],
    [
      'a large older text',
      'a.doc',
      'application/msword',
      compoundFile(['WordDocument'], 200_000),
      'application/msword',
    ],
    ['a TIFF with its tags last', 'a.tif', 'image/tiff', tiffFile(200_000), 'image/tiff'],
    ['a table on a computer with Excel', 'a.csv', excel, umlauts, 'text/csv'],
    ['AAC in MP4', 'a.m4a', 'audio/x-m4a', isoFile('M4A '), 'audio/mp4'],
    ['sound alone in WebM', 'a.weba', 'audio/webm', ebmlFile('webm'), 'audio/webm'],
    ['AAC in MP4 of which nothing is said', 'b.m4a', binary, isoFile('mp42'), 'audio/mp4'],
    ['Markdown that begins with HTML', 'a.md', 'text/markdown', '<h1>Title</h1>\n', 'text/markdown'],
    ['XHTML', 'a.xhtml', xhtmlType, `<?xml version="1.0"?>${xhtml}`, xhtmlType],
  ]

  describe.each(waysIn)('through %s', (_way, store) => {
    it.each(cases)('are what the bytes are: %s', async (_what, name, declared, bytes, type) => {
      const fresh = Buffer.from(bytes)
      const [fitting, other] = [`b-${randomUUID()}`, `b-${randomUUID()}`]
      await makeBucket(service, fitting, { allowed_types: [type] })
      await makeBucket(service, other, { allowed_types: [zip, 'image/png'] })
      const { status } = await store(fresh, name, declared, fitting)
      expect([200, 201]).toContain(status)
      const { body } = await send<FileBody[]>(service, `${filesPath}?bucket=${fitting}`)
      expect(body.map(({ file_type }) => file_type)).toEqual([type])
      expect(await store(fresh, name, declared, other)).toBeProblem(415, 'type-not-allowed')
    })
  })

  it.each([
    ['audio/x-m4a', 'a.m4a', isoFile('M4A ')],
    ['application/x-zip-compressed', 'a.zip', zipFile([['b.txt', 'b']])],
    ['image/jpg', 'a.jpg', hex('ffd8ffe000104a46494600010100')],
  ])('may have other names in its list: %s', async (allowed, name, bytes) => {
    const bucket = `b-${randomUUID()}`
    await makeBucket(service, bucket, { allowed_types: [allowed] })
    expect((await upload(service, bytes, { name, fields: { bucket } })).status).toBe(201)
  })
})
