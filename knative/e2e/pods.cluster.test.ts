import { after, before, describe } from 'node:test'
import { whyNoCluster } from '../cluster/index.ts'
import { skipLong } from '../cluster/skip-long.ts'
import { badgeCases } from './cases/badge.ts'
import { expiryCases, lateExpiryCases } from './cases/expiry.ts'
import { refusalCases } from './cases/refusals.ts'
import { installOnPods, type PodInstall, standOn, standOnChanged } from './pod-stand.ts'
import { configurationCases } from './pods/configuration.ts'
import { confinementCases } from './pods/confinement.ts'
import { expiryFromZeroCases } from './pods/expiry.ts'
import { fromZeroCases } from './pods/from-zero.ts'
import { killCases } from './pods/kills.ts'
import { memoryCases } from './pods/memory.ts'
import { removalCase } from './pods/removal.ts'
import { rolloutCases } from './pods/rollout.ts'
import { tickCases } from './pods/tick.ts'
import { upgradeCases } from './pods/upgrade.ts'

describe('an install of the shipped overlay, on real pods', { skip: await whyNoCluster() }, () => {
  let pods: PodInstall
  before(async () => {
    pods = await installOnPods()
  })
  after(() => pods?.[Symbol.asyncDispose]())

  badgeCases(() => standOn(pods))
  tickCases(() => pods)
  // The CronJob rests from here on, and the sweeper goes to zero.
  refusalCases(() => standOn(pods))
  confinementCases(() => pods)
  expiryCases(() => standOn(pods))
  describe('over minutes', { skip: skipLong }, () => {
    rolloutCases(() => pods)
    killCases(() => pods)
    memoryCases(() => pods)
    fromZeroCases(() => pods)
    upgradeCases(() => pods)
    configurationCases(() => pods)
    // The provisioner's timers are off from here on.
    lateExpiryCases(({ config = {} } = {}) => standOnChanged(pods, config))
    expiryFromZeroCases(() => pods)
  })
  removalCase(() => pods)
})
