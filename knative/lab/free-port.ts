import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Chooses ports of 127.0.0.1 that nobody listens on, each once. They lie below the range from which the kernel takes the
 * ports of outgoing connections, so that none of those can take one before its program listens.
 */
export function portChooser(random: () => number = Math.random): () => Promise<number> {
  const [first, last] = [15_000, 32_000]
  const given = new Set<number>()
  return async () => {
    for (;;) {
      const port = first + Math.floor(random() * (last - first))
      if (given.has(port) || !(await isFree(port))) continue
      given.add(port)
      return port
    }
  }
}

/** Whether a program may listen on the port: of loopback, or of every address with `0.0.0.0`. */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer()
  server.listen({ port, host })
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
