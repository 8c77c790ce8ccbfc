import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A TCP port of loopback that nobody uses right now, for a program that must know its port before it starts. */
export function freeTcpPort(): Promise<number> {
  return findFree(async port => {
    await using server = createServer()
    await once(server.listen(port, '127.0.0.1'), 'listening')
  })
}

/** Such a UDP port. */
export function freeUdpPort(): Promise<number> {
  return findFree(async port => {
    await using socket = createSocket('udp4')
    await once(socket.bind(port, '127.0.0.1'), 'listening')
  })
}

/** Looks below the ports that the system hands out by itself, so that nobody is given this one before it is used. */
async function findFree(use: (port: number) => Promise<void>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(20_000, 32_000)
    try {
      await use(port)
      return port
    } catch (error) {
      if (attempt === 100) throw error
    }
  }
}
