import type { Socket } from 'node:net'

/**
 * The streams of one helper that are open, by the numbers in their headers. A unix stream knows one kind of end, and has it
 * too when the helper dies; how the peer's connection ended is said over the control channel (helper/carriage.go).
 */
export interface StreamTable {
  /** Takes a stream in; `drop` is called when this side closes it before the peer has ended. */
  add(stream: number, socket: Socket): void
  /** The peer has ended its half: what was read, and is still to be read, is all there was. */
  end(stream: number): void
  /** The peer's connection broke. */
  reset(stream: number): void
  /** The helper is gone, and every connection with it. */
  resetAll(): void
}

/** News of a stream may overtake its header; this is how long they are kept. */
const keepEarlyMs = 15_000

type Tail = 'end' | 'reset'

/** Makes an empty table. */
export function createStreamTable(drop: (stream: number) => void): StreamTable {
  const open = new Map<number, (tail: Tail) => void>()
  const early = new Map<number, Tail>()

  const tell = (stream: number, tail: Tail) => {
    const finish = open.get(stream)
    if (finish) return finish(tail)
    early.set(stream, tail)
    setTimeout(() => early.delete(stream), keepEarlyMs).unref()
  }

  return {
    add(stream, socket) {
      const finish = holdEndBack(socket)
      open.set(stream, finish)
      socket.once('close', () => {
        open.delete(stream)
        if (!socket.readableEnded) drop(stream)
      })
      const tail = early.get(stream)
      early.delete(stream)
      if (tail) finish(tail)
    },
    end: stream => tell(stream, 'end'),
    reset: stream => tell(stream, 'reset'),
    resetAll() {
      for (const finish of open.values()) finish('reset')
    },
  }
}

/** Keeps a stream's end from its reader until it is known which end that is. */
function holdEndBack(socket: Socket): (tail: Tail) => void {
  const push = socket.push.bind(socket)
  let known = false
  let held = false
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk !== null || known) return push(chunk, encoding)
    held = true
    return false
  }
  return tail => {
    if (tail === 'reset') {
      socket.destroy(Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' }))
      return
    }
    known = true
    if (!held || socket.destroyed) return
    push(null)
    socket.read(0)
  }
}
