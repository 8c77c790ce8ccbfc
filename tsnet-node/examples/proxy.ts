// A reverse proxy that lets in whom the tailnet policy says, and tells the server behind it who they are:
//
//   "grants": [{ "src": ["group:ops"], "dst": ["tag:proxy"], "app": { "example.com/cap/proxy": [{ "paths": ["/"] }] } }]
//
// TS_AUTHKEY=tskey-… UPSTREAM=http://127.0.0.1:8080 node proxy.ts
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { cap, type Identity, TailscaleNode, type TailscaleSocket } from 'tsnet-node'
import * as v from 'valibot'

const { TS_AUTHKEY: authKey, TS_CONTROL_URL: controlUrl, UPSTREAM: upstream = 'http://127.0.0.1:8080' } = process.env
const Rule = v.strictObject({ paths: v.array(v.string()), methods: v.optional(v.array(v.string())) })
const node = new TailscaleNode({ hostname: 'proxy', authKey, controlUrl, ephemeral: true })
const { name } = await node.up({ signal: AbortSignal.timeout(30_000) })

/** The path as the server behind will read it: nothing is allowed by one spelling and asked for by another. */
function pathOf(url: string): string | undefined {
  const path = url.split('?', 1)[0] ?? ''
  const plain = path.startsWith('/') && new URL(path, 'http://proxy').pathname === path
  return plain && !/%2f|%5c|%2e|\/\//i.test(path) ? path : undefined
}

function isAllowed(identity: Identity, method: string, path: string): boolean {
  return cap(identity, 'example.com/cap/proxy', Rule).some(
    ({ paths, methods }) =>
      (methods === undefined || methods.includes(method)) &&
      paths.some(allowed => path === allowed || path.startsWith(allowed.endsWith('/') ? allowed : `${allowed}/`)),
  )
}

/** Who is calling is for this proxy to say, and a connection's own headers end with the connection. */
const dropped = /^(tailscale-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect)$/

function headersFor({ user, node }: Identity, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !dropped.test(name))
  return {
    ...Object.fromEntries(kept),
    ...(user && { 'tailscale-user-login': encodeURI(user.login) }),
    ...(node && { 'tailscale-node': node.name }),
  }
}

async function forward(asked: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = asked
  const path = pathOf(url)
  const identity = await node.reauthorize(asked.socket as TailscaleSocket)
  if (path === undefined || !isAllowed(identity, method, path)) {
    response.writeHead(403).end('the tailnet policy does not let you in\n')
    return
  }
  const behind = request(new URL(upstream), { method, path: url, headers: headersFor(identity, asked.headers) })
  const answered = new Promise<IncomingMessage>((resolve, reject) => behind.on('response', resolve).on('error', reject))
  const [answer] = await Promise.all([answered, pipeline(asked, behind)])
  const kept = Object.entries(answer.headers).filter(([name]) => !dropped.test(name))
  response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept))
  await pipeline(answer, response)
}

const server = createServer((asked, response) => {
  forward(asked, response).catch(error => {
    console.error(error)
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end('no answer is to be had\n')
  })
})
await node.serve(server, { port: 80 })
console.log(`http://${name}/`)
