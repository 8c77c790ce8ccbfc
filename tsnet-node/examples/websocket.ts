// A chat in which nobody can speak in another's name. From a browser: new WebSocket('ws://chat/')
import { createServer } from 'node:http'
import { TailscaleNode, type TailscaleSocket } from 'tsnet-node'
import { WebSocketServer } from 'ws'

const { TS_AUTHKEY: authKey, TS_CONTROL_URL: controlUrl } = process.env
const node = new TailscaleNode({ hostname: 'chat', authKey, controlUrl, ephemeral: true })
const { name } = await node.up({ signal: AbortSignal.timeout(30_000) })

const server = createServer()
const chat = new WebSocketServer({ server })
const tellAll = (line: string) => {
  for (const client of chat.clients) client.send(line)
}

chat.on('connection', (client, request) => {
  const socket = request.socket as TailscaleSocket
  tellAll(`${socket.tailscale.user?.login ?? socket.tailscale.node?.name} has come`)
  client.on('error', () => {}) // it is closed after it
  client.on('message', async data => {
    try {
      const { user, node: device } = await node.reauthorize(socket) // an open socket outlives a change of policy
      tellAll(`${user?.login ?? device?.name}: ${data}`)
    } catch (error) {
      client.close(1008, 'nobody vouches for you any more')
      console.error(error)
    }
  })
})

await node.serve(server, { port: 80 })
console.log(`ws://${name}/`)
