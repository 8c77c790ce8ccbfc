import { Hono } from 'hono'
import { type Listening, listen } from '../listen.ts'
import type { Logger } from '../log.ts'
import type { Scrape } from './open-metrics.ts'

const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** The path of a function's figures: the provisioner's have one of their own, as in the design of the two endpoints. */
const metricsPath = (name: string): string => (name === 'provisioner' ? '/metrics/controller' : '/metrics')

/** Serves a function's figures, and nothing else, on a port that no Service names and no tailnet reaches. */
export async function serveMetrics(
  name: string,
  scrape: Scrape,
  options: { readonly port: number; readonly log: Logger },
): Promise<Listening> {
  const app = new Hono()
  app.get(metricsPath(name), async c => c.body(await scrape.read(), 200, { 'Content-Type': contentType }))
  app.onError((error, c) => {
    options.log.error('the metrics cannot be read', { error })
    return c.json({ error: 'internal' }, 500)
  })
  app.notFound(c => c.json({ error: 'not-found' }, 404))
  return listen(app, { ...options, said: 'serving metrics', drainMs: 1_000 })
}
