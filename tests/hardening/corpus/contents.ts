/** Bytes that pretend to be something else, and what they are. */
export interface HostileContent {
  readonly what: string
  readonly bytes: Buffer
  /** What they must be stored as when they are declared to be a picture. */
  readonly type: string
}

const script = '<script>alert(document.domain)</script>'
const png = Buffer.from(
  '89504e470d0a1a0a0000000d4948445200000001000000010806000000' +
    '1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082',
  'hex',
)
const text = (what: string, content: string, type: string): HostileContent => ({
  what,
  bytes: Buffer.from(content),
  type,
})
const utf16 = (content: string) => Buffer.from(`\ufeff${content}`, 'utf16le')

export const hostileContents: readonly HostileContent[] = [
  text('HTML', `<!doctype html><html><body>${script}`, 'text/html'),
  text('HTML in capitals', `<HTML><SCRIPT>alert(1)</SCRIPT>`, 'text/html'),
  text('HTML without a root', script, 'text/html'),
  text('HTML behind blanks', ` \r\n\t<body onload=alert(1)>`, 'text/html'),
  text('HTML behind a byte order mark', `\ufeff<html>${script}`, 'text/html'),
  text('HTML behind comments', `<!-- a --><!-- b -->\n<html>${script}`, 'text/html'),
  text('a picture tag', '<img src=x onerror=alert(1)>', 'text/html'),
  { what: 'HTML in UTF-16', bytes: utf16(`<html>${script}`), type: 'text/html' },
  { what: 'HTML in big-endian UTF-16', bytes: utf16(`<html>${script}`).swap16(), type: 'text/html' },
  {
    what: 'HTML in UTF-16 without a mark',
    bytes: Buffer.from(`<html>${script}`, 'utf16le'),
    type: 'application/octet-stream',
  },
  text('HTML in UTF-7', '+ADw-script+AD4-alert(1)+ADw-/script+AD4-', 'text/plain'),
  text('HTML behind text', `Hello ${script}`, 'text/plain'),
  text('a refresh', '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">', 'text/plain'),
  text('XHTML', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', 'application/xhtml+xml'),
  text(
    'XML with a stylesheet',
    '<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><a/>',
    'application/xml',
  ),
  text('SVG', `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`, 'image/svg+xml'),
  text(
    'SVG behind a prolog',
    '<?xml version="1.0"?><!-- x --><!DOCTYPE svg><svg onload="alert(1)"/>',
    'image/svg+xml',
  ),
  text(
    'a web archive',
    'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x',
    'text/plain',
  ),
  text('a script', 'alert(document.domain)', 'text/plain'),
  text('a style', 'body{background:url(javascript:alert(1))}', 'text/plain'),
  text('PostScript', '%!PS-Adobe-3.0\n(x) show', 'application/postscript'),
  text(
    'a PDF with a script',
    '%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>',
    'application/pdf',
  ),
  {
    what: 'WebAssembly',
    bytes: Buffer.from('0061736d01000000', 'hex'),
    type: 'application/wasm',
  },
  {
    what: 'a Windows program',
    bytes: Buffer.concat([Buffer.from('MZ'), Buffer.alloc(126)]),
    type: 'application/vnd.microsoft.portable-executable',
  },
  {
    what: 'a picture that goes on as HTML',
    bytes: Buffer.concat([png, Buffer.from(script)]),
    type: 'image/png',
  },
  {
    what: 'a picture that is a script too',
    bytes: Buffer.from('GIF89a/*\0\0\0\0*/=1;alert(1)', 'latin1'),
    type: 'image/gif',
  },
  text('readable bytes that begin like a picture', 'GIF89a/*<svg/onload=alert(1)>*/=1;', 'text/plain'),
  {
    what: 'an archive that begins like a PDF',
    bytes: Buffer.from(`%PDF-1.4\nPK\x03\x04${'\0'.repeat(40)}`, 'latin1'),
    type: 'application/pdf',
  },
  { what: 'a picture cut short', bytes: png.subarray(0, 9), type: 'application/octet-stream' },
  { what: 'one byte', bytes: Buffer.from([0]), type: 'application/octet-stream' },
  { what: 'nothing', bytes: Buffer.alloc(0), type: 'application/octet-stream' },
]
