// Says who is calling. TS_AUTHKEY=tskey-… node hello.ts, then from another device of the tailnet: curl http://hello/
import { createServer } from 'node:http'
import { TailscaleNode, type TailscaleSocket } from 'tsnet-node'

const { TS_AUTHKEY: authKey, TS_CONTROL_URL: controlUrl } = process.env
const node = new TailscaleNode({ hostname: 'hello', authKey, controlUrl, ephemeral: true })
const { name } = await node.up({ signal: AbortSignal.timeout(30_000) })
const server = createServer((request, response) => {
  const { user, node } = (request.socket as TailscaleSocket).tailscale
  response.end(`hello ${user?.login ?? 'machine'} on ${node?.name}\n`)
})
await node.serve(server, { port: 80 })
console.log(`http://${name}/`)
