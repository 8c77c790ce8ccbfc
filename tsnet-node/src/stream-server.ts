import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { TailscaleError } from './errors.ts'
import { readStreamHeader } from './stream-header.ts'

/** A stream must say who it carries within this time; generous, since this process may be busy when it arrives. */
const headerWithinMs = 15_000

/** `sun_path` holds 108 bytes on Linux and 104 on macOS. */
const maxSocketPath = 103

/** A unix socket that the helper opens streams to. */
export interface StreamServer {
  readonly path: string
  /** 32 characters without which a stream is cut. */
  readonly token: string
  /** Lets the program end while this listens, or not. */
  holdProgram(hold: boolean): void
  /** Stops taking streams; those that are open stay. */
  close(): void
}

/** Listens in a private directory for the helper's streams. */
export async function openStreamServer<Header>(
  privateDir: string,
  parse: (text: string) => Header,
  onStream: (socket: Socket, header: Header) => void,
): Promise<StreamServer> {
  const token = randomBytes(16).toString('hex')
  const path = join(privateDir, `${randomBytes(4).toString('hex')}.sock`)
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new TailscaleError('ERR_TSNET_OPTIONS', `${path} is too long for a unix socket: set TMPDIR to a shorter path`)
  }
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', ignore) // nobody else listens before the header is read
    readStreamHeader(socket, { token, withinMs: headerWithinMs, parse }, header => onStream(socket, header))
  })
  server.listen({ path, backlog: 4096 })
  await once(server, 'listening')
  await chmod(path, 0o600)
  return {
    path,
    token,
    holdProgram: hold => void (hold ? server.ref() : server.unref()),
    close: () => void server.close(),
  }
}

function ignore(): void {}
