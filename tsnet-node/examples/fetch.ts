// A client: fetches a page of the tailnet. TS_AUTHKEY=tskey-… node fetch.ts http://hello/
import { TailscaleNode } from 'tsnet-node'
import { Agent, fetch } from 'undici'

const { TS_AUTHKEY: authKey, TS_CONTROL_URL: controlUrl } = process.env
await using node = new TailscaleNode({ hostname: 'fetcher', authKey, controlUrl, ephemeral: true })
await node.up({ signal: AbortSignal.timeout(30_000) })
const dispatcher = new Agent({ connect: node.connector() })
const response = await fetch(process.argv[2] ?? 'http://hello/', { dispatcher, signal: AbortSignal.timeout(30_000) })
console.log(await response.text())
await dispatcher.close()
