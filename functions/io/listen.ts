import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Logger } from './log.ts'

/** A listening HTTP server. Disposing of it stops accepting, waits for the requests under way, and closes. */
export interface Listening extends AsyncDisposable {
  readonly port: number
}

export interface ListenOptions {
  /** 0 takes any that is free. */
  readonly port: number
  readonly host?: string
  readonly log: Logger
  /** What the log says once it listens; `listening` by default. */
  readonly said?: string
  /** How long requests under way may take at the end, in milliseconds. */
  readonly drainMs?: number
}

/** Knative's activator and dispatcher keep idle connections for 90 s: whoever closes first risks a request. */
const keepAliveMs = 100_000

/** Serves an app over HTTP; logs the port, and how old the process is by then. */
export async function listen(app: Pick<Hono, 'fetch'>, options: ListenOptions): Promise<Listening> {
  const server = createServer(
    { keepAliveTimeout: keepAliveMs, headersTimeout: 15_000, requestTimeout: 30_000 },
    getRequestListener(app.fetch),
  )
  await started(server, options)
  const port = portOf(server)
  options.log.info(options.said ?? 'listening', { port, processAgeMs: Math.round(performance.now()) })
  return { port, [Symbol.asyncDispose]: () => drain(server, options.drainMs ?? 25_000) }
}

function started(server: Server, { port, host }: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port')
  return address.port
}

/** Stops accepting and waits for what is under way. `close()` alone would wait for every connection that is merely kept open. */
async function drain(server: Server, drainMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  const sweep = setInterval(() => server.closeIdleConnections(), 20)
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs)
  try {
    await promise
  } finally {
    clearInterval(sweep)
    clearTimeout(deadline)
  }
}
