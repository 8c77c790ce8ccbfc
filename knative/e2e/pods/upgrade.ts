import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { functionNames } from '#events'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'

/** As the image of another version does: every function gets a revision of its own. */
const otherTemplate = {
  target: { group: 'serving.knative.dev', kind: 'Service' },
  patch: JSON.stringify([{ op: 'add', path: '/spec/template/metadata/annotations/tka.dev~1edition', value: 'next' }]),
}

/** An apply that replaces every pod, with people logged in. */
export function upgradeCases(pods: () => PodInstall): void {
  describe('an upgrade', () => {
    let stand: Stand
    before(async () => {
      stand = await standOn(pods())
      await stand.stopTicking()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    const system = ['-n', 'tka-system'] as const
    const latest = (name: string) =>
      stand.install.kubectl('get', 'ksvc', name, ...system, '-o', 'jsonpath={.status.latestReadyRevisionName}')
    const holder = () =>
      stand.install.kubectl('get', 'lease', 'tka-login', ...system, '-o', 'jsonpath={.spec.holderIdentity}')

    it('replaces every function; a session lives through it, and ends by logout after', async () => {
      const lena = await stand.join('lena', { rules: [{ role: 'view', period: '1h' }] })
      assert.equal((await lena.login()).status, 202)
      const kubeconfig = await lena.saveKubeconfig()
      const [revisions, held] = [await Promise.all(functionNames.map(latest)), await holder()]

      await using work = workOn(async () => (await lena.kubectl(kubeconfig, 'get', 'pods', '-A')).code)
      const file = join(pods().install.overlay, 'kustomization.yaml')
      const kustomization = parse(await readFile(file, 'utf8'))
      await writeFile(file, stringify({ ...kustomization, patches: [...(kustomization.patches ?? []), otherTemplate] }))
      await pods().install.apply()
      for (const [index, name] of functionNames.entries())
        await waitUntil(
          `a new revision of ${name}`,
          async () => (await latest(name)) !== revisions[index] || 'the old one',
        )
      await waitUntil('the new login to hold the tailnet node', async () => {
        const now = await holder()
        return (now !== '' && now !== held) || `${now} holds it`
      })
      await waitUntil('login to answer', async () => {
        const { status } = await lena.request('GET', '/login')
        return status === 200 || `it answers ${status}`
      })
      const codes = await work.end()
      assert.ok(codes.length > 3, 'she works on')
      assert.deepEqual(new Set(codes), new Set([0]))

      assert.equal((await lena.login()).status, 202, 'the session is extended')
      assert.equal((await lena.kubectl(kubeconfig, 'get', 'pods', '-A')).code, 0, 'the same ServiceAccount')
      assert.equal((await lena.logout()).status, 200)
      await stand.nothingLeftOf('lena')
      assert.notEqual((await lena.kubectl(kubeconfig, 'get', 'pods', '-A')).code, 0)
    })
  })
}

/** Does the same again and again until it is to end; resolves to what each time gave. */
function workOn<T>(once: () => Promise<T>) {
  const results: T[] = []
  let ended = false
  const worked = (async () => {
    while (!ended) results.push(await once())
  })()
  const end = async () => {
    ended = true
    await worked
    return results
  }
  return { end, [Symbol.asyncDispose]: async () => void (await end()) }
}
