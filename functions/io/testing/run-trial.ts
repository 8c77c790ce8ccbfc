// A process for the tests of run(): TRIAL says what goes wrong.
import { Hono } from 'hono'
import { listen } from '../listen.ts'
import { run } from '../run.ts'

await run('trial', async ({ env, telemetry, resources, signal }) => {
  const { log } = telemetry
  if (env.TRIAL === 'start') throw new Error('no start')
  resources.defer(() => log.info('closed the first'))
  resources.defer(() => log.info('closed the second'))
  if (env.TRIAL === 'close') resources.defer(() => Promise.reject(new Error('no close')))
  signal.addEventListener('abort', () => log.info('told to stop'))
  const app = new Hono()
  app.get('/held', async c => {
    log.info('begun')
    await new Promise(resolve => setTimeout(resolve, 300))
    return c.text('done')
  })
  app.get('/bug', c => {
    void Promise.reject(new Error('nobody waited'))
    return c.text('done')
  })
  if (env.TRIAL === 'hang') {
    log.info('hanging')
    await new Promise(resolve => setTimeout(resolve, 60_000))
  }
  resources.use(await listen(app, { port: 0, host: '127.0.0.1', log }))
})
