import { describe } from 'node:test'
import { whyNoCluster } from '../cluster/index.ts'
import { expiryCases } from './cases/expiry.ts'
import { openPodStand } from './pod-stand.ts'

describe('on real pods', { skip: await whyNoCluster() }, () => expiryCases(openPodStand))
