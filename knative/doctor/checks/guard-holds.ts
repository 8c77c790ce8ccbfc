import { type GuardAttempt, guardAttempts } from '../../../functions/provisioner/guard-attempts.ts'
import { ApiError } from '../../kube/api.ts'
import { applyAgain } from '../apply-again.ts'
import { type Check, type Examined, type Finding, failure, fine } from '../finding.ts'

const todo = `let nobody log in until it is: ${applyAgain}, wait some seconds, and look at the ValidatingAdmissionPolicies and their bindings`

/** The guard refuses what it must: tried as the provisioner, and as whoever asks, without keeping anything. */
export const guardHolds: Check = {
  name: 'guard',
  look: async examined => {
    const { config, now } = examined
    const provisioner = `system:serviceaccount:${config.namespaces.system}:provisioner`
    const tried = await Promise.all([
      ...guardAttempts(config, now()).map(attempt => doubt(examined, attempt, provisioner)),
      doubt(examined, ownBinding(examined)),
    ])
    const doubts = tried.flat()
    return doubts.length > 0
      ? doubts
      : fine(`${tried.length} writes were tried by dry run, each refused or allowed as it must be`)
  },
}

async function doubt(
  { api }: Examined,
  { what, path, body, allowed }: GuardAttempt,
  user?: string,
): Promise<readonly Finding[]> {
  const who = user === undefined ? 'anybody' : 'the provisioner'
  try {
    const as = user === undefined ? {} : { impersonate: { user } }
    await api.call('POST', path, { query: { dryRun: 'All' }, body, ...as })
    return allowed ? [] : [failure(`nothing keeps ${who} from this: ${what}`, todo)]
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const denied = error.message.includes('ValidatingAdmissionPolicy')
    if (denied && !allowed) return []
    const says = denied
      ? `the guard refuses ${who} what it must allow: ${what}`
      : `could not find out whether ${who} may: ${what} (${error.status} ${error.reason})`
    return [failure(says, denied ? todo : 'run this as an administrator who may impersonate')]
  }
}

/** What a namespace's admin could do, were there no guard: give a session more than it has. */
function ownBinding({ config }: Examined): GuardAttempt {
  const { install, namespaces } = config
  return {
    what: 'bind a role to somebody’s session',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: {
      metadata: { name: `${install}-doctor` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: `${install}-user-doctor`, namespace: namespaces.sessions }],
    },
    allowed: false,
  }
}
