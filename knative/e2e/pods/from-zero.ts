import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { FunctionName } from '#events'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'

const view = { role: 'view', period: '8h' }
/** As the Trigger says: once, and four retries. */
const attempts = 5

/** Functions without a pod, which an event starts. */
export function fromZeroCases(pods: () => PodInstall): void {
  describe('a function at zero', () => {
    let stand: Stand
    before(async () => {
      stand = await standOn(pods())
      await stand.stopTicking()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    const written = async (name: FunctionName, message: string) =>
      (await pods().install.functions.logs(name)).filter(line => JSON.parse(line).message === message)

    it('sweeper: the tick starts it, and it sweeps', async () => {
      await pods().install.functions.atZero('sweeper')
      await stand.install.tick()
      assert.notDeepEqual(await written('sweeper', 'swept'), [])
    })

    it('deadletter: what could not be delivered starts it, and the person who waits hears 503 in time', async () => {
      const sam = await stand.join('sam', { rules: [view] })
      await pods().install.functions.atZero('deadletter')
      await using broken = await brokenSubscriber(pods().cluster.hostAddress)
      const started = Date.now()
      const answer = await insteadOfProvisioner(broken.url, () => sam.login())
      assert.equal(answer.status, 503, answer.body)
      assert.ok(Number(answer.headers['retry-after']) >= 1)
      assert.ok(Date.now() - started < 25_000, 'before the wait is over')
      // What undoes the login may come after it.
      assert.equal(broken.types.filter(type => type === 'dev.tka.session.requested.v1').length, attempts)
      const denied = await stand.tap.waitFor(({ type }) => type === 'dev.tka.session.denied.v1')
      assert.equal(denied.source, `/tka/${stand.install.cluster}/deadletter`)
      assert.notDeepEqual(await written('deadletter', 'an event could not be delivered'), [])
      await stand.nothingLeftOf('sam')
      assert.equal((await sam.login()).status, 202, 'and the next login works')
      assert.equal((await sam.logout()).status, 200)
    })

    /** Has the provisioner's Trigger deliver elsewhere for as long as `during` runs. */
    async function insteadOfProvisioner<T>(uri: string, during: () => Promise<T>): Promise<T> {
      const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'provisioner' }
      await subscribe({ ref: null, uri }, uri)
      try {
        return await during()
      } finally {
        await subscribe({ ref, uri: null }, 'http://provisioner.tka-system.svc.cluster.local')
      }
    }

    async function subscribe(subscriber: object, resolved: string): Promise<void> {
      const trigger = ['trigger/provisioner', '-n', stand.install.namespaces.system]
      const patch = JSON.stringify({ spec: { subscriber } })
      await stand.install.kubectl('patch', ...trigger, '--type=merge', '-p', patch)
      await stand.install.kubectl('wait', ...trigger, `--for=jsonpath={.status.subscriberUri}=${resolved}`)
    }
  })
}

/** A subscriber that answers everything 503, and says what it was sent. */
async function brokenSubscriber(host: string) {
  const types: string[] = []
  const server: Server = createServer((request, response) => {
    types.push(String(request.headers['ce-type']))
    request.resume()
    response.writeHead(503).end()
  }).listen(0, host)
  await once(server, 'listening')
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    types,
    [Symbol.asyncDispose]: async () => {
      server.close().closeAllConnections()
    },
  }
}
