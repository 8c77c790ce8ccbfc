import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import type { Dial } from './dial.ts'

type Callback = (error: Error | null, socket: Duplex) => void

/** An `http.Agent` whose connections lead into the tailnet. */
export class TailnetHttpAgent extends http.Agent {
  readonly #dial: Dial

  constructor(dial: Dial, options?: http.AgentOptions) {
    super(options)
    this.#dial = dial
  }

  override createConnection(options: http.ClientRequestArgs, callback?: Callback): undefined {
    dialFor(this.#dial, options, 80, callback)
  }
}

/** An `https.Agent` whose connections lead into the tailnet, with TLS from here to the server. */
export class TailnetHttpsAgent extends https.Agent {
  readonly #dial: Dial

  constructor(dial: Dial, options?: https.AgentOptions) {
    super(options)
    this.#dial = dial
  }

  override createConnection(options: https.RequestOptions, callback?: Callback): undefined {
    const secured: Callback = (error, socket) => {
      if (error) callback?.(error, socket)
      else callback?.(null, super.createConnection({ ...options, socket } as https.RequestOptions) as Duplex)
    }
    dialFor(this.#dial, options, 443, secured)
  }
}

function dialFor(dial: Dial, options: http.ClientRequestArgs, defaultPort: number, callback?: Callback): void {
  const { host, port, timeout } = options // which bounds connecting too; the request's signal never gets here
  dial({ host: host ?? 'localhost', port: Number(port ?? defaultPort), timeoutMs: timeout || undefined }).then(
    socket => callback?.(null, socket),
    error => callback?.(error, undefined as unknown as Duplex), // Node reads the error alone
  )
}
