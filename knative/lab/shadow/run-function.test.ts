import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { describe, it } from 'node:test'
import { waitUntil } from '../wait-until.ts'
import type { KnativeService } from './objects.ts'
import type { Exit, Running } from './run-container.ts'
import { type FunctionDeps, runFunction } from './run-function.ts'

/** Processes that are only HTTP servers in this process, and everything that was said about them. */
function trial() {
  const said: string[] = []
  const running: { readonly end: (exit: Exit) => void; readonly server: Server }[] = []
  let healthy = true
  const deps: FunctionDeps = {
    prepare: async () => ({
      command: port => ({ file: '', args: [], env: { PORT: `${port}`, TMPDIR: '/t' } }),
      [Symbol.asyncDispose]: async () => void said.push('unmounted'),
    }),
    start: async command => {
      const server = createServer((_, response) => response.writeHead(healthy ? 200 : 503).end())
      server.listen(Number(command.env.PORT), '127.0.0.1')
      const exited = Promise.withResolvers<Exit>()
      const end = (exit: Exit) => {
        server.close()
        server.closeAllConnections()
        exited.resolve(exit)
      }
      said.push('started')
      running.push({ end, server })
      const process: Running = {
        pid: running.length,
        exited: exited.promise,
        kill: signal => end({ code: null, signal }),
        stop: async () => {
          said.push('stopped')
          end({ code: 0, signal: null })
          return exited.promise
        },
      }
      return process
    },
    freePort: async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise(resolve => server.once('listening', resolve))
      const address = server.address()
      await new Promise(resolve => server.close(resolve))
      return typeof address === 'object' && address !== null ? address.port : 0
    },
    route: async port => void said.push(port === undefined ? 'unrouted' : 'routed'),
    report: async (_, ready) => void said.push(ready ? 'ready' : 'announced'),
    log: () => undefined,
  }
  return { said, deps, running, setHealthy: (value: boolean) => (healthy = value) }
}

function service(template: unknown, sink = true): KnativeService {
  return {
    metadata: { name: 'f', namespace: 'n', uid: 'u', resourceVersion: '1', generation: 1 },
    spec: {
      template: {
        metadata: template,
        spec: {
          serviceAccountName: 'f',
          volumes: [],
          containers: [
            {
              name: 'f',
              image: 'f',
              command: [],
              args: [],
              env: sink ? [{ name: 'K_SINK', value: 'x' }] : [],
              volumeMounts: [],
            },
          ],
        },
      },
    },
  }
}

describe('runFunction', () => {
  it('announces the address at once, and starts only when the sink is known', async () => {
    const { deps, said } = trial()
    await using running = runFunction('f', deps)
    running.update(service({}, false))
    await waitUntil('the announcement', async () => said.length > 0 || 'nothing')
    assert.deepEqual(said, ['announced'])
    running.update(service({}))
    await running.ready()
    assert.deepEqual(said, ['announced', 'started', 'routed', 'ready'])
  })

  it('is ready only when the probe says so', async () => {
    const { deps, said, setHealthy } = trial()
    setHealthy(false)
    await using running = runFunction('f', deps)
    running.update(service({}))
    await assert.rejects(running.ready(AbortSignal.timeout(200)), /f is not ready/)
    assert.ok(!said.includes('routed'))
    setHealthy(true)
    await running.ready()
  })

  it('starts a process that ended again, and is not ready in between', async () => {
    const { deps } = trial()
    await using running = runFunction('f', deps)
    running.update(service({}))
    await running.ready()
    await running.kill('SIGKILL')
    await running.ready()
    assert.equal(running.starts, 2)
    assert.equal(running.pid, 2)
  })

  it('takes the name out of cluster DNS before it stops the process of an old template', async () => {
    const { deps, said } = trial()
    await using running = runFunction('f', deps)
    running.update(service({ revision: 1 }))
    await running.ready()
    said.length = 0
    running.update(service({ revision: 2 }))
    await running.ready()
    assert.deepEqual(said, ['unrouted', 'stopped', 'unmounted', 'started', 'routed', 'ready'])
  })

  it('leaves the process alone when something else about the ksvc changes', async () => {
    const { deps } = trial()
    await using running = runFunction('f', deps)
    running.update(service({}))
    await running.ready()
    running.update({ ...service({}), metadata: { ...service({}).metadata, resourceVersion: '2' } })
    await running.ready()
    assert.equal(running.starts, 1)
  })

  it('leaves the process alone while the sink is taken out of its template', async () => {
    const { deps } = trial()
    await using running = runFunction('f', deps)
    running.update(service({}))
    await running.ready()
    running.update(service({}, false))
    await running.ready()
    running.update(service({}))
    await running.ready()
    assert.equal(running.starts, 1)
  })

  it('runs nothing at zero', async () => {
    const { deps } = trial()
    await using running = runFunction('f', deps)
    running.update(service({}))
    await running.ready()
    await running.scale(0)
    assert.equal(running.pid, undefined)
    await running.scale(1)
    assert.equal(running.starts, 2)
  })

  it('stops with the shadow', async () => {
    const { deps, said } = trial()
    const running = runFunction('f', deps)
    running.update(service({}))
    await running.ready()
    await running[Symbol.asyncDispose]()
    assert.deepEqual(said.slice(-3), ['unrouted', 'stopped', 'unmounted'])
  })
})
