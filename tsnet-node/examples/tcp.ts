// Raw TCP: greets and gives back what it gets. From another device of the tailnet: nc echo 7
import { pipeline } from 'node:stream/promises'
import { TailscaleNode, type TailscaleSocket } from 'tsnet-node'

const { TS_AUTHKEY: authKey, TS_CONTROL_URL: controlUrl } = process.env
const node = new TailscaleNode({ hostname: 'echo', authKey, controlUrl, ephemeral: true })
const { name } = await node.up({ signal: AbortSignal.timeout(30_000) })

async function echo(socket: TailscaleSocket): Promise<void> {
  const { user, node, remoteAddress } = socket.tailscale
  socket.write(`${user?.login ?? node?.tags.join(', ')} at ${remoteAddress}\n`)
  await pipeline(socket, socket)
}

const listener = await node.listen({ port: 7, allowHalfOpen: true })
console.log(`tcp://${name}:${listener.address().port}`)
for await (const socket of listener) echo(socket).catch(error => console.error(error))
