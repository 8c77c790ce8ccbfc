// What the benchmark measures: the handler of helper/benchserver as a Node program. A process of its own, so that the
// benchmark's own work does not share its event loop. Ends at the end of its standard input.
import { createServer, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { TailscaleNode, type TailscaleSocket } from '../src/index.ts'
import { testnetEnv } from '../src/testing/testnet.ts'

const chunk = Buffer.alloc(64 * 1024)

const server = createServer((request, response) => {
  const url = request.url ?? ''
  if (url === '/') {
    const { tailscale } = request.socket as TailscaleSocket
    text(response, `hello ${tailscale.user?.login}\n`)
  } else if (url === '/anonymous') {
    text(response, 'hello somebody\n')
  } else if (url.startsWith('/bytes/')) {
    bytes(response, Number(url.slice('/bytes/'.length)))
  } else {
    response.writeHead(404).end()
  }
})

function text(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) }).end(body)
}

/** Answers that many, 64 KiB at a time. */
function bytes(response: ServerResponse, count: number): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': count })
  let left = count
  const fill = () => {
    while (left > 0) {
      const part = left < chunk.length ? chunk.subarray(0, left) : chunk
      left -= part.length
      if (!response.write(part)) {
        response.once('drain', fill)
        return
      }
    }
    response.end()
  }
  fill()
}

const { values } = parseArgs({ options: { hostname: { type: 'string' }, 'control-url': { type: 'string' } } })
const { hostname = 'bench-node', 'control-url': controlUrl = '' } = values
const node = new TailscaleNode({ hostname, controlUrl, ephemeral: true, port: 0, env: testnetEnv(controlUrl) })
const { ips } = await node.up({ signal: AbortSignal.timeout(30_000) })
await node.serve(server, { port: 80 })
process.stdout.write(`${JSON.stringify({ ips, helperPid: node.helperPid })}\n`)
process.stdin.resume().on('end', () => void node.close())
