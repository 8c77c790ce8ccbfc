import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** How to wait for a lock. */
export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** Called once when somebody else holds the lock. */
  readonly onWait?: (() => void) | undefined
}

/**
 * Takes a lock that at most one process on this machine holds; disposing of it gives it back. It is an abstract unix
 * socket (unix(7)), so the kernel gives it back when the holder dies, and nothing stale can remain. Linux only.
 */
export async function takeLock(name: string, { signal, onWait }: LockOptions = {}): Promise<AsyncDisposable> {
  let waiting = false
  for (;;) {
    signal?.throwIfAborted()
    const held = await tryLock(name)
    if (held !== undefined) return held
    if (!waiting) onWait?.()
    waiting = true
    await untilReleased(name, signal)
  }
}

/** Takes the lock if it is free. */
export async function tryLock(name: string): Promise<AsyncDisposable | undefined> {
  const server = createServer()
  server.listen(address(name))
  try {
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  server.unref()
  const waiters = new Set<{ destroy(): void }>()
  server.on('connection', socket => {
    socket.unref().on('error', () => {})
    waiters.add(socket)
    socket.on('close', () => waiters.delete(socket))
  })
  return {
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const waiter of waiters) waiter.destroy()
    },
  }
}

/** The holder never writes, so the connection ends when the lock is given back. */
async function untilReleased(name: string, signal: AbortSignal | undefined): Promise<void> {
  const socket = connect(address(name))
  socket.on('error', () => {}) // given back before we connected
  socket.resume()
  const abort = () => socket.destroy()
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  await new Promise<void>(done => socket.once('close', () => done()))
  signal?.removeEventListener('abort', abort)
}

function address(name: string): string {
  return `\0tka-lab/${process.getuid?.() ?? 0}/${name}`
}
