import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Where a request for a URL inside the cluster goes from here, and with which target (RFC 9112, section 3.2). */
export type Dial = (url: string) => { readonly host: string; readonly port: number; readonly path: string }

/** Through the lab's forward proxy: an absolute URL as the request's target. */
export function throughProxy(proxy: string): Dial {
  const { hostname, port } = new URL(proxy)
  return url => ({ host: hostname, port: Number(port), path: url })
}

/** An event without data. */
export interface BareEvent {
  readonly type: string
  readonly id: string
  readonly source: string
}

/** How to post. */
export interface PostOptions {
  readonly dial: Dial
  /** Shows who sends, to a Broker that asks (OIDC). */
  readonly token?: string | undefined
  /** The in-memory channel answers after all deliveries; 10 s by default. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Posts an event (CloudEvents HTTP binding, binary mode) and resolves to the status of the answer. */
export async function postEvent(
  url: string,
  { type, id, source }: BareEvent,
  { dial, token, signal, timeoutMs = 10_000 }: PostOptions,
): Promise<number | undefined> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const sent = request({
    ...dial(url),
    method: 'POST',
    agent: false,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    headers: {
      host: new URL(url).host,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      'ce-specversion': '1.0',
      'ce-type': type,
      'ce-source': source,
      'ce-id': id,
    },
  }).end()
  const [answer] = await once(sent, 'response')
  await text(answer)
  return answer.statusCode
}
