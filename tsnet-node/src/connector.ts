import type { Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { Dial } from './dial.ts'
import { TailscaleError } from './errors.ts'

/** What undici tells its `connect` function. */
export interface ConnectorOptions {
  readonly hostname: string
  readonly protocol: string
  readonly port: string
  readonly servername?: string | undefined
}

/** How undici's `connect` function answers. */
export type ConnectorCallback = (
  ...result: [error: null, socket: Socket | TLSSocket] | [error: Error, socket: null]
) => void

/** A `connect` function for undici's `Agent`, `Client` and `Pool`. */
export type Connector = (options: ConnectorOptions, callback: ConnectorCallback) => void

const handshakeWithinMs = 10_000
const late = `the server did not finish the TLS handshake within ${handshakeWithinMs} ms`

/** Makes undici connect through `dial`; TLS for `https:` begins here, with these options, and checks the server's name. */
export function createConnector(dial: Dial, tls: ConnectionOptions = {}): Connector {
  return ({ hostname, protocol, port, servername }, callback) => {
    const secure = protocol === 'https:'
    const connected = dial({ host: hostname, port: Number(port) || (secure ? 443 : 80) })
    const socket = secure
      ? connected.then(plain =>
          secured(plain, { ALPNProtocols: ['http/1.1'], ...tls, servername: servername ?? tls.servername ?? hostname }),
        )
      : connected
    socket.then(
      socket => callback(null, socket),
      error => callback(error, null),
    )
  }
}

function secured(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ ...options, socket })
    const slow = setTimeout(() => secure.destroy(new TailscaleError('ERR_TSNET_TIMEOUT', late)), handshakeWithinMs)
    secure.once('error', reject).once('secureConnect', () => {
      secure.off('error', reject)
      resolve(secure)
    })
    secure.once('close', () => clearTimeout(slow)).once('secureConnect', () => clearTimeout(slow))
  })
}
