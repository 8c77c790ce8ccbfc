// An app of Hono's that answers each request by who is calling now, not by who was when the connection was opened.
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { type Identity, TailscaleNode, type TailscaleSocket } from 'tsnet-node'

const { TS_AUTHKEY: authKey, TS_CONTROL_URL: controlUrl } = process.env
const node = new TailscaleNode({ hostname: 'hono', authKey, controlUrl, ephemeral: true })
const { name } = await node.up({ signal: AbortSignal.timeout(30_000) })

interface Env {
  Bindings: HttpBindings
  Variables: { identity: Identity }
}

const identified = createMiddleware<Env>(async (c, next) => {
  c.set('identity', await node.reauthorize(c.env.incoming.socket as TailscaleSocket))
  await next()
})

const app = new Hono<Env>()
app.use(identified)
app.get('/', c => {
  const { kind, user, node } = c.var.identity
  return c.json({ kind, login: user?.login, device: node?.name, tags: node?.tags })
})
app.get('/capabilities', c => c.json(c.var.identity.capMap))

await node.serve(createAdaptorServer({ fetch: app.fetch }), { port: 80 })
console.log(`http://${name}/`)
