import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { json } from 'node:stream/consumers'

/** `ipn.State`: nobody has logged the node in, or traffic flows. */
const states = { needsLogin: 2, running: 6 }
/** `ipn.NotifyInitialState`: the stream begins with the state as it is. */
const initialState = 2

export interface LocalApiOptions {
  /** A control server that wants no key is asked to let the node in all the same, as `tailscale up` does. */
  readonly withoutKey: boolean
  readonly signal: AbortSignal
}

/**
 * Resolves to the addresses of the node behind a `tailscaled` socket once it is running; IPv4 first. The LocalAPI is that of
 * `tailscale.com/ipn/localapi`.
 */
export async function joinByLocalApi(
  socketPath: string,
  { withoutKey, signal }: LocalApiOptions,
): Promise<readonly string[]> {
  const bus = await call(socketPath, 'GET', `watch-ipn-bus?mask=${initialState}`, signal)
  for await (const line of createInterface({ input: bus })) {
    const { State: state } = JSON.parse(line) as { readonly State?: number }
    if (state === states.needsLogin && withoutKey) await logIn(socketPath, signal)
    if (state === states.running) break
  }
  signal.throwIfAborted()
  bus.destroy()
  const status = await json(await call(socketPath, 'GET', 'status', signal))
  return (status as { readonly TailscaleIPs?: readonly string[] }).TailscaleIPs ?? []
}

async function logIn(socketPath: string, signal: AbortSignal): Promise<void> {
  const response = await call(socketPath, 'POST', 'login-interactive', signal)
  response.resume()
}

async function call(socketPath: string, method: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { host: 'local-tailscaled.sock' }
  const sent = request({ socketPath, method, path: `/localapi/v0/${path}`, headers, signal }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode && response.statusCode < 300) return response
  response.resume()
  throw new Error(`LocalAPI ${path}: status ${response.statusCode}`)
}
