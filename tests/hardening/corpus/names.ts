/** A name as a stranger sends it, as it is stored, and as a browser is told to save it; `saved` is absent when equal. */
export interface HostileName {
  readonly what: string
  readonly sent: string
  readonly stored: string
  readonly saved?: string
}

const day = '日'

/** Names by kind of attack. A name that could run as code contains the word that the test looks for. */
export const hostileNames: Readonly<Record<string, readonly HostileName[]>> = {
  A1: [
    { what: 'a way up', sent: '../../escaped', stored: 'escaped' },
    { what: 'a way up to a system file', sent: '../../../../../../etc/passwd', stored: 'passwd' },
    { what: 'a way up with backslashes', sent: '..\\..\\escaped', stored: 'escaped' },
    { what: 'an absolute path', sent: '/tmp/escaped', stored: 'escaped' },
    { what: 'a drive', sent: 'C:\\escaped', stored: 'escaped' },
    { what: 'a drive without a separator', sent: 'C:escaped', stored: 'C:escaped', saved: 'C_escaped' },
    { what: 'a share', sent: '\\\\server\\share\\escaped', stored: 'escaped' },
    { what: 'a doubled way up', sent: '....//escaped', stored: 'escaped' },
    { what: 'a way up in percents', sent: '%2e%2e%2fescaped', stored: '%2e%2e%2fescaped' },
    {
      what: 'half a way up in percents',
      sent: '..%2fescaped',
      stored: '..%2fescaped',
      saved: '__%2fescaped',
    },
    { what: 'doubled percents', sent: '%252e%252e%252fescaped', stored: '%252e%252e%252fescaped' },
    { what: 'overlong percents', sent: '%c0%ae%c0%ae%c0%afescaped', stored: '%c0%ae%c0%ae%c0%afescaped' },
    { what: 'only a way up', sent: '..', stored: 'unnamed' },
    { what: 'only this folder', sent: '.', stored: 'unnamed' },
    { what: 'a folder', sent: 'escaped/', stored: 'unnamed' },
    { what: 'a URL', sent: 'file:///tmp/escaped', stored: 'escaped' },
    { what: 'a stream of NTFS', sent: 'escaped::$DATA', stored: 'escaped::$DATA', saved: 'escaped__$DATA' },
    {
      what: 'a separator that only looks like one',
      sent: '..∕escaped',
      stored: '..∕escaped',
      saved: '__∕escaped',
    },
  ],
  A4: [
    { what: 'a NUL', sent: 'a\0.png', stored: 'a_.png' },
    { what: 'a NUL in front of another extension', sent: 'a.php\0.png', stored: 'a.php_.png' },
    { what: 'only a NUL', sent: '\0', stored: '_' },
  ],
  A5: [
    {
      what: 'a header',
      sent: 'a\r\nX-Evil: 1\r\n\r\nb',
      stored: 'a__X-Evil: 1____b',
      saved: 'a__X-Evil_ 1____b',
    },
    { what: 'a tab and an escape', sent: 'a\t\x1b[31mb', stored: 'a__[31mb' },
    { what: 'controls of the second row', sent: 'a\x7f\x80\x9fb', stored: 'a___b' },
    { what: 'line separators', sent: 'a\u2028b\u2029c', stored: 'a_b_c' },
  ],
  A7: [
    { what: 'Japanese', sent: '日本語.txt', stored: '日本語.txt' },
    { what: 'Latin-1 letters', sent: 'naïve résumé.txt', stored: 'naïve résumé.txt' },
    { what: 'a replacement character', sent: 'a\ufffd.txt', stored: 'a\ufffd.txt' },
  ],
  A8: [
    { what: 'the first half of a pair', sent: '\ud800.txt', stored: '\ufffd.txt' },
    { what: 'the second half of a pair', sent: 'a\udc00.txt', stored: 'a\ufffd.txt' },
    { what: 'a pair the wrong way round', sent: '\udc00\ud800.txt', stored: '\ufffd\ufffd.txt' },
  ],
  A9: [
    { what: '255 letters', sent: `${'a'.repeat(251)}.txt`, stored: `${'a'.repeat(251)}.txt` },
    { what: '256 letters', sent: `${'a'.repeat(252)}.txt`, stored: `${'a'.repeat(251)}.txt` },
    { what: '4096 letters', sent: `${'a'.repeat(4092)}.txt`, stored: `${'a'.repeat(251)}.txt` },
    { what: '255 bytes of Japanese', sent: day.repeat(85), stored: day.repeat(85) },
    { what: '258 bytes of Japanese', sent: day.repeat(86), stored: day.repeat(85) },
    { what: 'a cut in a character', sent: `${day.repeat(84)}.txt`, stored: `${day.repeat(83)}.txt` },
    { what: 'a cut in a pair', sent: `${'a'.repeat(250)}😀.txt`, stored: `${'a'.repeat(250)}.txt` },
    { what: 'a long extension', sent: `a.${'b'.repeat(300)}`, stored: `a.${'b'.repeat(253)}` },
    { what: 'decomposed letters', sent: 'e\u0301.txt', stored: 'é.txt' },
    { what: 'a family', sent: '👨‍👩‍👧.png', stored: '👨‍👩‍👧.png' },
  ],
  A10: [
    { what: 'a device', sent: 'CON', stored: 'CON', saved: '_CON' },
    { what: 'a device with an extension', sent: 'aux.txt', stored: 'aux.txt', saved: '_aux.txt' },
    { what: 'a device with a dot', sent: 'NUL.', stored: 'NUL.', saved: '_NUL_' },
    { what: 'a port', sent: 'com1.tar.gz', stored: 'com1.tar.gz', saved: '_com1.tar.gz' },
    { what: 'no device', sent: 'console.txt', stored: 'console.txt' },
    { what: 'a dot at the end', sent: 'a.txt.', stored: 'a.txt.', saved: 'a.txt_' },
    { what: 'a blank at the end', sent: 'a.txt ', stored: 'a.txt ', saved: 'a.txt_' },
    { what: 'characters of Windows', sent: 'a:b*c?d|e.txt', stored: 'a:b*c?d|e.txt', saved: 'a_b_c_d_e.txt' },
    { what: 'a hidden file', sent: '.htaccess', stored: '.htaccess', saved: '_htaccess' },
    { what: 'an option', sent: '-rf', stored: '-rf', saved: '_rf' },
    { what: 'a home', sent: '~root', stored: '~root', saved: '_root' },
    { what: 'a command', sent: '$(touch escaped)`id`;&', stored: '$(touch escaped)`id`;&' },
  ],
  A11: [
    { what: 'a disguised extension', sent: 'photo\u202egnp.exe', stored: 'photognp.exe' },
    { what: 'isolates', sent: 'a\u2066b\u2067c\u2068d\u2069.txt', stored: 'abcd.txt' },
    { what: 'marks of direction', sent: 'a\u200eb\u200fc\u061cd.txt', stored: 'abcd.txt' },
    { what: 'zero-width characters', sent: 'a\u200bb\ufeffc\u2060.txt', stored: 'abc.txt' },
    { what: 'a homoglyph', sent: 'рaypal.txt', stored: 'рaypal.txt' },
    { what: 'separators behind invisible ones', sent: '.\u200b./escaped', stored: 'escaped' },
  ],
  A12: [
    {
      what: 'a tag',
      sent: '<img src=x onerror=alert(1)>.png',
      stored: '<img src=x onerror=alert(1)>.png',
      saved: '_img src=x onerror=alert(1)_.png',
    },
    {
      what: 'the end of a tag',
      sent: '"><script>alert(1)<',
      stored: '"><script>alert(1)<',
      saved: '___script_alert(1)_',
    },
    { what: 'a template', sent: '{{7*7}}#{7*7}', stored: '{{7*7}}#{7*7}', saved: '{{7_7}}#{7_7}' },
    { what: 'a formula', sent: '=HYPERLINK("x")', stored: '=HYPERLINK("x")', saved: '=HYPERLINK(_x_)' },
  ],
  A14: [
    {
      what: 'another parameter',
      sent: `a"; filename*=UTF-8''evil.exe; x="b`,
      stored: `a"; filename*=UTF-8''evil.exe; x="b`,
      saved: `a_; filename_=UTF-8''evil.exe; x=_b`,
    },
    {
      what: 'a parameter behind an escaped quote',
      sent: `a\\"; filename=evil.exe`,
      stored: `"; filename=evil.exe`,
      saved: `_; filename=evil.exe`,
    },
    { what: 'quotes and percents', sent: `"a%20b".txt`, stored: `"a%20b".txt`, saved: `_a%20b_.txt` },
    {
      what: 'an encoded word',
      sent: '=?UTF-8?Q?evil.exe?=',
      stored: '=?UTF-8?Q?evil.exe?=',
      saved: '=_UTF-8_Q_evil.exe_=',
    },
    { what: 'an ext-value', sent: `UTF-8''evil.exe`, stored: `UTF-8''evil.exe` },
    { what: 'a semicolon and a comma', sent: 'a;b,c.txt', stored: 'a;b,c.txt' },
  ],
}
