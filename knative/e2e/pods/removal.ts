import assert from 'node:assert/strict'
import { it } from 'node:test'
import { waitUntil } from '../../lab/wait-until.ts'
import { type PodInstall, standOn } from '../pod-stand.ts'

const clusterScoped =
  'clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,namespace'
/** In any namespace: what an install, its people and Knative make for it. */
const namespaced = [
  'pod,job,cronjob,ksvc,revision,configuration,route,deployment,service',
  'broker,trigger,subscription,channel,inmemorychannel,sinkbinding,eventtype,eventpolicy',
  'serviceaccount,role,rolebinding,secret,configmap,lease',
].join(',')

/** The last case of an install: it goes, with people logged in. */
export function removalCase(pods: () => PodInstall): void {
  it('is removed whole, with the sessions that live', async () => {
    const { install } = pods()
    const { kubectl } = install
    await using stand = await standOn(pods())
    const ingrid = await stand.join('ingrid', { rules: [{ role: 'view', period: '1h' }] })
    const jonas = await stand.join('jonas', { rules: [{ role: 'edit', period: '1h', namespaces: ['default'] }] })
    for (const person of [ingrid, jonas]) assert.equal((await person.login()).status, 202)
    const [hers, his] = [await ingrid.saveKubeconfig(), await jonas.saveKubeconfig()]
    assert.equal((await ingrid.kubectl(hers, 'get', 'pods', '-A')).code, 0)
    assert.equal((await jonas.kubectl(his, 'get', 'pods', '-n', 'default')).code, 0)

    await install.remove()

    for (const namespace of ['tka', 'tka-system'])
      assert.equal(await kubectl('get', 'namespace', namespace, '--ignore-not-found', '-o', 'name'), '')
    await waitUntil('the bindings of sessions to be collected', async () => {
      const objects = await kubectl('get', `${clusterScoped},role,rolebinding`, '-A', '-o', 'name')
      const left = objects.split('\n').filter(object => /\/tka(-|$)/.test(object))
      return left.join(', ') || true
    })
    const part = ['-l', 'app.kubernetes.io/part-of=tka', '-o', 'name']
    assert.equal(await kubectl('get', `${clusterScoped},${namespaced}`, '-A', ...part), '')
    assert.notEqual((await ingrid.kubectl(hers, 'get', 'pods', '-A')).code, 0)
    assert.notEqual((await jonas.kubectl(his, 'get', 'pods', '-n', 'default')).code, 0)
  })
}
