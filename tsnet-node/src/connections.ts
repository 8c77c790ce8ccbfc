import type { TailscaleListener } from './listener.ts'
import type { TailscaleSocket } from './tailscale-socket.ts'

/** The connections of a listener, as they come, until it closes. Who stops early leaves none open that they never saw. */
export async function* connectionsOf(listener: TailscaleListener): AsyncGenerator<TailscaleSocket, void, undefined> {
  const waiting: TailscaleSocket[] = []
  let wake = () => {}
  const take = (socket: TailscaleSocket) => {
    waiting.push(socket)
    wake()
  }
  const stop = () => wake()
  listener.on('connection', take).on('close', stop)
  try {
    for (;;) {
      const socket = waiting.shift()
      if (socket) yield socket
      else if (!listener.listening) return
      else {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    listener.off('connection', take).off('close', stop)
    for (const socket of waiting) socket.destroy()
  }
}
