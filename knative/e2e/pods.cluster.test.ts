import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { whyNoCluster } from '../cluster/index.ts'
import { badgeCases } from './cases/badge.ts'
import { refusalCases } from './cases/refusals.ts'
import { installOnPods, type PodInstall, standOn } from './pod-stand.ts'
import { killCases } from './pods/kills.ts'
import { memoryCases } from './pods/memory.ts'
import { rolloutCases } from './pods/rollout.ts'

describe('an install of the shipped overlay, on real pods', { skip: await whyNoCluster() }, () => {
  let pods: PodInstall
  before(async () => {
    pods = await installOnPods()
  })
  after(() => pods?.[Symbol.asyncDispose]())

  badgeCases(() => standOn(pods))
  refusalCases(() => standOn(pods))
  rolloutCases(() => pods)
  killCases(() => pods)
  memoryCases(() => pods)

  it('is removed whole', async () => {
    await pods.install.remove()
    const kinds = 'clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,namespace'
    const left = await pods.install.kubectl('get', kinds, '-l', 'app.kubernetes.io/part-of=tka', '-o', 'name')
    assert.equal(left, '')
  })
})
