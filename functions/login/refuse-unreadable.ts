import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem, type ProblemCode, problemBody } from '#core/problem'

/** What Node's parser, or its clock, says of a request that never becomes one of the app's. */
const codes: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

/** Answers as problems, and closes, what a server would else refuse without a body. */
export function refuseUnreadable(server: Server): void {
  const answering = new WeakMap<Duplex, ServerResponse>()
  server.on('request', ({ socket }, response) => answering.set(socket, response))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = answering.get(socket)?.headersSent && !answering.get(socket)?.writableFinished
    if (!socket.writable || begun || error.code === 'ECONNRESET') socket.destroy()
    else refuse(socket, codes[error.code ?? ''] ?? 'bad-request')
  })
  server.on('connect', (_: IncomingMessage, socket: Duplex) => refuse(socket, 'method-not-allowed'))
  server.on('checkExpectation', ({ socket }) => refuse(socket, 'expectation-failed'))
}

function refuse(socket: Duplex, code: ProblemCode): void {
  const problem = new Problem(code)
  const { status } = problem.kind
  const body = JSON.stringify(problemBody(problem))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
