import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { type PodInstall, standOn } from '../pod-stand.ts'
import type { Stand } from '../stand.ts'
import { replaceAll } from './replace-all.ts'
import { workOn } from './work-on.ts'

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

    it('replaces every function; a session lives through it, and ends by logout after', async () => {
      const lena = await stand.join('lena', { rules: [{ role: 'view', period: '1h' }] })
      assert.equal((await lena.login()).status, 202)
      const kubeconfig = await lena.saveKubeconfig()

      await using work = workOn(async () => (await lena.kubectl(kubeconfig, 'get', 'pods', '-A')).code)
      const file = join(pods().install.overlay, 'kustomization.yaml')
      const kustomization = parse(await readFile(file, 'utf8'))
      await writeFile(file, stringify({ ...kustomization, patches: [...(kustomization.patches ?? []), otherTemplate] }))
      await replaceAll(pods(), lena, pods().install.apply)
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
