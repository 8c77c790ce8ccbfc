import assert from 'node:assert/strict'
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
    const config = parseConfig({
      cluster: 'lab',
      homeDomain: 'example.com',
      roles: [{ name: 'view', scope: 'cluster', maxPeriod: '8h' }],
      tailnet,
    })
    const { log, lines } = trialTelemetry('login')
    const stop = new AbortController()
    let up: NodeUp | undefined
    let holds = 0
    let lost = new AbortController()
    const serving = serveTailnet(
      {
        config,
        app,
        log,
        authKeyFile,
        state: inMemory(),
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
    const asked = laptop.request('http://loses/held').then(
      () => 'answered',
      () => 'cut',
    )
    await held.promise
    served.lose()
    assert.equal(await asked, 'cut')
    end.abort()
    await waitUntil('held again', async () => served.holds() === 2 || `${served.holds()}`)
    await answers('loses')
    assert.notEqual(served.up()?.node.helperPid, pid)
  })
})

function inMemory(): StateStore {
  const values = new Map<string, Uint8Array>()
  return { read: async key => values.get(key), write: async (key, value) => void values.set(key, value) }
}
