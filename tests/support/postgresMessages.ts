/** Cuts a stream of PostgreSQL's messages (protocol 3) into messages: a type, and what follows the length. */
function messageReader(onMessage: (type: string, payload: Buffer) => void, startup: boolean) {
  let buffered: Buffer = Buffer.alloc(0)
  let started = !startup
  return (bytes: Buffer): void => {
    buffered = Buffer.concat([buffered, bytes])
    for (;;) {
      const typeLength = started ? 1 : 0 // the very first message of a client has no type
      if (buffered.length < typeLength + 4) return
      const end = typeLength + buffered.readUInt32BE(typeLength)
      if (buffered.length < end) return
      if (started) onMessage(buffered.toString('latin1', 0, 1), buffered.subarray(5, end))
      started = true
      buffered = buffered.subarray(end)
    }
  }
}

/** Reads the messages of a client, and calls back with the text of each statement that is about to run. */
export function clientReader(onStatement: (text: string) => void): (bytes: Buffer) => void {
  const prepared = new Map<string, string>()
  return messageReader((type, payload) => {
    const [first = '', second = ''] = payload.toString('latin1').split('\0', 2)
    if (type === 'Q') onStatement(first)
    if (type === 'P') prepared.set(first, second)
    if (type === 'B') onStatement(prepared.get(second) ?? '')
  }, true)
}

/** Reads the messages of a server, and calls back when it has finished a statement and waits for the next. */
export function serverReader(onReady: () => void): (bytes: Buffer) => void {
  return messageReader((type) => {
    if (type === 'Z') onReady()
  }, false)
}

/** The last message of a server that cannot write its log: fields, each ended by U+0000, and one more U+0000. */
const panicFields = 'SPANIC\0VPANIC\0C58030\0Mcould not fdatasync file\0\0'
export const panicMessage: Buffer = Buffer.from(
  `E\0\0\0${String.fromCharCode(4 + panicFields.length)}${panicFields}`,
)
