import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

const tokenLength = 32
const maxHeader = 1 << 20

/**
 * Reads the header of a stream from the helper (helper/stream.go), in however many pieces it comes, and leaves every
 * byte after it in the socket. A stream with another token, a header over 1 MiB or one that `parse` throws at, or none in
 * time is destroyed, and `onHeader` is never called for it.
 */
export function readStreamHeader<Header>(
  socket: Socket,
  expected: { readonly token: string; readonly withinMs: number; readonly parse: (text: string) => Header },
  onHeader: (header: Header) => void,
): void {
  const token = Buffer.from(expected.token)
  const slow = setTimeout(() => socket.destroy(), expected.withinMs)
  let length: number | undefined

  const finish = () => {
    clearTimeout(slow)
    socket.off('readable', read).off('close', finish).off('end', refuse)
  }
  const refuse = () => {
    finish()
    socket.destroy()
  }
  const read = () => {
    if (length === undefined) {
      const head: Buffer | null = socket.read(tokenLength + 4)
      if (!head) return
      if (head.length < tokenLength + 4 || !timingSafeEqual(head.subarray(0, tokenLength), token)) return refuse()
      length = head.readUInt32BE(tokenLength)
      if (length === 0 || length > maxHeader) return refuse()
    }
    const body: Buffer | null = socket.read(length)
    if (!body) return
    if (body.length < length) return refuse()
    let header: Header
    try {
      header = expected.parse(body.toString('utf8'))
    } catch {
      return refuse()
    }
    finish()
    onHeader(header)
  }
  socket.on('readable', read).on('close', finish).on('end', refuse)
}
