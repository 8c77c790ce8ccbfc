import { Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { Server } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { TailscaleError } from './errors.ts'

/** How a server of Node's takes connections that another part accepted. */
export interface Intake {
  /** Event that hands it one. */
  readonly event: 'connection' | 'secureConnection'
  /** Protocols it speaks, for TLS to offer; the favourite first. */
  readonly alpn: readonly string[]
  /** Whether it ends its half of a connection itself. */
  readonly allowHalfOpen: boolean
}

/**
 * How to feed a server. Those that would end TLS themselves are given connections whose TLS has ended.
 * @throws TailscaleError `ERR_TSNET_OPTIONS` for a TLS server without TLS
 */
export function intakeOf(server: Server, tls: boolean): Intake {
  const http1 = server instanceof HttpServer || server instanceof HttpsServer
  const http2 = 'updateSettings' in server // node:http2 does not export its classes
  const allowHalfOpen = http1 || ('allowHalfOpen' in server && server.allowHalfOpen === true)
  if (!(server instanceof TlsServer)) {
    return { event: 'connection', alpn: http1 ? ['http/1.1'] : http2 ? ['h2'] : [], allowHalfOpen }
  }
  if (!tls) throw new TailscaleError('ERR_TSNET_OPTIONS', 'a server for TLS needs the option tls')
  return { event: 'secureConnection', alpn: http1 ? ['http/1.1'] : http2 ? ['h2', 'http/1.1'] : [], allowHalfOpen }
}

/** Begins an HTTP server's watch over slow requests, which it does when it listens. */
export function beginTimeouts(server: Server): void {
  if (!server.listening && (server instanceof HttpServer || server instanceof HttpsServer)) server.emit('listening')
}
