import { Hono } from 'hono'
import { portOf } from './environment.ts'
import { listen } from './listen.ts'
import { type Running, run } from './run.ts'

/**
 * Runs what takes events, as {@link run}, once it was given `K_SINK`. A Knative Service may be made before its SinkBinding knows the
 * Broker's address, and its first pods are then without. They live, are not ready, say why, and are replaced as soon as the SinkBinding
 * has written it. Ended with an error, they would be started again and again until then, and for minutes after.
 */
export function runFunction(name: string, start: (running: Running) => Promise<void>): Promise<never> {
  return run(name, running => (running.env.K_SINK ? start(running) : waitForSink(running)))
}

async function waitForSink({ env, telemetry, resources }: Running): Promise<void> {
  const message = 'K_SINK is not set: the SinkBinding writes it, and pods that have it replace this one'
  const app = new Hono()
  app.get('/health/liveness', c => c.json({ alive: true }))
  app.all('*', c => c.json({ ready: false, message }, 503))
  resources.use(await listen(app, { port: portOf(env), log: telemetry.log, said: 'waiting for K_SINK' }))
}
