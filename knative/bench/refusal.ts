import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, get } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../lab/index.ts'

/** A pause between two looks: asking without one takes the cores away from what is measured. */
const pauseMs = 2

/** Asks the API server with a person's token, over a kept connection, until it refuses. */
export async function firstRefusal(lab: Lab, token: string, signal: AbortSignal): Promise<number> {
  using agent = disposable(new Agent({ ca: await readFile(lab.apiServer.caFile), keepAlive: true, maxSockets: 1 }))
  for (;;) {
    const request = get(`${lab.apiServer.url}/api/v1/namespaces/default/pods?limit=1`, {
      agent: agent.value,
      headers: { authorization: `Bearer ${token}` },
      signal,
    })
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    if (response.statusCode === 403 || response.statusCode === 401) return performance.now()
    if (response.statusCode !== 200) throw new Error(`the API server answered ${response.statusCode}`)
    await sleep(pauseMs)
  }
}

const disposable = (agent: Agent) => ({ value: agent, [Symbol.dispose]: () => agent.destroy() })
