import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { json } from 'node:stream/consumers'

/** `ipn.State` of a node whose traffic flows. */
const running = 6
/** `ipn.NotifyInitialState`: the stream begins with the state as it is. */
const initialState = 2

/**
 * Resolves to the addresses of the node behind a `tailscaled` socket once it is running; IPv4 first. The LocalAPI is that of
 * `tailscale.com/ipn/localapi`.
 */
export async function awaitRunning(
  socketPath: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const bus = await get(socketPath, `watch-ipn-bus?mask=${initialState}`, signal)
  for await (const line of createInterface({ input: bus })) {
    const { State: state } = JSON.parse(line) as { readonly State?: number }
    if (state === running) break
  }
  signal.throwIfAborted()
  bus.destroy()
  const status = (await json(await get(socketPath, 'status', signal))) as { readonly TailscaleIPs?: readonly string[] }
  return status.TailscaleIPs ?? []
}

async function get(socketPath: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { host: 'local-tailscaled.sock' }
  const sent = request({ socketPath, path: `/localapi/v0/${path}`, headers, signal }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode === 200) return response
  response.resume()
  throw new Error(`LocalAPI ${path}: status ${response.statusCode}`)
}
