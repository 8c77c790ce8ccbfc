import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Hono } from 'hono'
import type { StateStore } from 'tsnet-node'
import { type Laptop, startLaptop, startTestnet, type Testnet } from 'tsnet-node/testing'
import { parseConfig } from '#core/config'
import { trialTelemetry } from '#io/testing/trial-function'
import { waitUntil } from '../../knative/lab/wait-until.ts'
import { freeUdpPort } from '../../tsnet-node/src/testing/free-port.ts'
import { type NodeUp, serveTailnet } from './serve-tailnet.ts'
import type { TailnetEnv } from './tailnet-env.ts'

const authKey = 'tskey-trial'

/** What a trial of serving shows and takes. */
interface Served extends AsyncDisposable {
  readonly up: () => NodeUp | undefined
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** How often the right to be the node was asked for. */
  readonly holds: () => number
  readonly putAuthKey: (key: string) => Promise<void>
  /** Another pod may have the node. */
  readonly lose: () => void
}

describe('serving the tailnet', () => {
  let net: Testnet
  let laptop: Laptop
  before(async () => {
    net = await startTestnet({ authKey })
    laptop = await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl, authKey })
  })
  after(async () => {
    await laptop?.[Symbol.asyncDispose]()
    await net?.[Symbol.asyncDispose]()
  })

  async function serve(hostname: string, app: Hono<TailnetEnv>): Promise<Served> {
    await using opened = new AsyncDisposableStack()
    const folder = opened.use(await mkdtempDisposable(join(tmpdir(), 'tka-tailnet-')))
    const authKeyFile = join(folder.path, 'auth-key')
    await writeFile(authKeyFile, authKey)
    const tailnet = { hostname, controlUrl: net.controlUrl, env: net.env, udpPort: await freeUdpPort() }
    const parsed = parseConfig({
      cluster: 'lab',
      homeDomain: 'example.com',
      roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }],
      tailnet,
    })
    // Whoever finishes what is held first takes longer than any of these tests.
    const config = { ...parsed, login: { ...parsed.login, holdMs: 600_000 } }
    const { log, lines } = trialTelemetry('login')
    const stop = new AbortController()
    const state = inMemory()
    let up: NodeUp | undefined
    let holds = 0
    let lost = new AbortController()
    const serving = serveTailnet(
      {
        config,
        app,
        log,
        authKeyFile,
        state: () => state,
        nodeChanged: node => {
          up = node
        },
        hold: async () => {
          holds += 1
          lost = new AbortController()
          return { wanted: lost.signal, lost: lost.signal, [Symbol.asyncDispose]: async () => undefined }
        },
      },
      stop.signal,
    )
    opened.defer(async () => {
      stop.abort()
      await serving
    })
    await waitUntil('up', async () => up !== undefined || JSON.stringify(lines.at(-1)))
    const running = opened.move()
    return {
      up: () => up,
      lines,
      putAuthKey: key => writeFile(authKeyFile, key),
      holds: () => holds,
      lose: () => lost.abort(),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    }
  }

  const answers = async (hostname: string) =>
    waitUntil(`${hostname} answers`, async () => {
      const { status } = await laptop.request(`http://${hostname}/`, { signal: AbortSignal.timeout(2_000) })
      return status === 200 || `${status}`
    })

  it('ends at once, whatever is under way, when another pod may be the node; and begins anew', async () => {
    const held = Promise.withResolvers<void>()
    const end = new AbortController()
    const app = new Hono<TailnetEnv>()
      .get('/', c => c.text('here'))
      .get('/held', async c => {
        held.resolve()
        await new Promise(resolve => end.signal.addEventListener('abort', resolve))
        return c.text('late')
      })
    await using served = await serve('loses', app)
    const pid = served.up()?.node.helperPid
    // Its end may be lost with the node.
    const asked = laptop.request('http://loses/held', { signal: end.signal }).catch(() => undefined)
    await held.promise
    served.lose()
    await waitUntil('held again', async () => served.holds() === 2 || `${served.holds()}`)
    end.abort()
    await asked
    await answers('loses')
    assert.notEqual(served.up()?.node.helperPid, pid)
  })

  it('joins again as the same node when its key has expired, with the auth key', async () => {
    await using served = await serve(
      'expires',
      new Hono<TailnetEnv>().get('/', c => c.text('here')),
    )
    const id = (await served.up()?.node.status())?.id
    await net.expireNode('expires')
    await waitUntil('held again', async () => served.holds() === 2 || `${served.holds()}`)
    await answers('expires')
    assert.equal((await served.up()?.node.status())?.id, id)
    const down = served.lines.find(({ message }) => message === 'the tailnet node is down')
    assert.match(JSON.stringify(down), /key has expired/)
  })

  it('says what to do when there is no key to join again with, and takes one that comes', async () => {
    await using served = await serve(
      'without-key',
      new Hono<TailnetEnv>().get('/', c => c.text('here')),
    )
    await served.putAuthKey('')
    await net.expireNode('without-key')
    await waitUntil('told', async () => served.lines.some(({ remedy }) => remedy !== undefined) || 'no remedy')
    assert.equal(served.up(), undefined)
    await served.putAuthKey(authKey)
    await answers('without-key')
  })

  it('goes by the name that it has now', async () => {
    const app = new Hono<TailnetEnv>().get('/', c => c.json(c.env.connection.listener.hosts))
    await using _ = await serve('before', app)
    await net.renameNode('before', 'afterwards')
    await waitUntil('known by the new name', async () => {
      const { body } = await laptop.request('http://afterwards/', { signal: AbortSignal.timeout(2_000) })
      const names = JSON.parse(body)
      return (names.includes('afterwards') && !names.includes('before')) || body
    })
  })

  it('goes on with the same node when its helper was killed', async () => {
    await using served = await serve(
      'crashes',
      new Hono<TailnetEnv>().get('/', c => c.text('here')),
    )
    const node = served.up()?.node
    assert.ok(node?.helperPid)
    const back = once(node, 'restarted')
    process.kill(node.helperPid, 'SIGKILL')
    await back
    await answers('crashes')
    assert.equal(served.holds(), 1)
  })
})

function inMemory(): StateStore {
  const values = new Map<string, Uint8Array>()
  return { read: async key => values.get(key), write: async (key, value) => void values.set(key, value) }
}
