import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { type FunctionName, functionNames } from '#events'
import { ApiError, openApi } from '../../kube/api.ts'
import { runProgram } from '../../lab/run-program.ts'
import type { PodInstall } from '../pod-stand.ts'

const system = 'tka-system'

const Pods = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ labels: v.record(v.string(), v.string()) }),
      spec: v.object({
        serviceAccountName: v.string(),
        volumes: v.array(
          v.object({
            secret: v.optional(v.object({ secretName: v.string() })),
            projected: v.optional(
              v.object({ sources: v.array(v.object({ secret: v.optional(v.object({ name: v.string() })) })) }),
            ),
          }),
        ),
      }),
    }),
  ),
})

/** `kubectl auth can-i <words>` as a function's ServiceAccount. */
type Question = readonly [name: FunctionName | 'tick', words: string]

const refused: readonly Question[] = [
  ['login', 'list serviceaccounts -n tka'],
  ['login', 'create serviceaccounts -n tka'],
  ['login', 'create serviceaccounts/token -n tka'],
  ['login', 'create clusterrolebindings'],
  ['login', `list secrets -n ${system}`],
  ['login', `get secrets/tka-provisioner-signing-key -n ${system}`],
  ['provisioner', `get secrets -n ${system}`],
  ['provisioner', `create pods -n ${system}`],
  ['provisioner', `create serviceaccounts/token -n ${system}`],
  ['provisioner', 'create clusterroles'],
  ['provisioner', 'bind clusterroles/cluster-admin'],
  ['provisioner', 'impersonate users'],
  ['logout', 'get serviceaccounts -n tka'],
  ['logout', 'delete serviceaccounts -n tka'],
  ['sweeper', 'delete clusterrolebindings'],
  ['deadletter', 'get serviceaccounts -n tka'],
  ['tick', 'get serviceaccounts -n tka'],
]
/** What two of them live by: the same question answers yes. */
const granted: readonly Question[] = [
  ['login', 'watch leases -n tka'],
  ['login', `update leases/tka-login -n ${system}`],
  ['provisioner', 'create serviceaccounts -n tka'],
  ['provisioner', 'bind clusterroles/view'],
]

/** What holds the pods in: Pod Security, and the shipped rights of their ServiceAccounts. */
export function confinementCases(pods: () => PodInstall): void {
  describe('what the pods may', () => {
    it('lets none into the namespaces that is not restricted', async () => {
      using api = await openApi(pods().cluster.kubeconfig)
      for (const namespace of [system, 'tka'])
        for (const securityContext of [{}, { privileged: true }, { runAsUser: 0 }]) {
          const body = {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'loose' },
            spec: { containers: [{ name: 'loose', image: 'dev.local/tka:e2e', securityContext }] },
          }
          const made = api.call('POST', `/api/v1/namespaces/${namespace}/pods`, { body, query: { dryRun: 'All' } })
          await assert.rejects(made, (error: unknown) => {
            assert.ok(error instanceof ApiError)
            assert.match(error.message, /violates PodSecurity "restricted:latest"/)
            return error.status === 403
          })
        }
    })

    it('runs each function as its own ServiceAccount, with no Secret but its own', async () => {
      const list = await pods().install.kubectl('get', 'pods', '-n', system, '-o', 'json')
      const { items } = v.parse(Pods, JSON.parse(list))
      const running = new Set<string>()
      for (const { metadata, spec } of items) {
        const name = functionNames.find(name => name === metadata.labels['serving.knative.dev/service'])
        if (name === undefined) continue
        running.add(name)
        assert.equal(spec.serviceAccountName, name)
        const secrets = spec.volumes.flatMap(({ secret, projected }) => [
          ...(secret === undefined ? [] : [secret.secretName]),
          ...(projected?.sources ?? []).flatMap(source => source.secret?.name ?? []),
        ])
        // The SinkBinding's token is in a Secret of its name.
        const own = [
          `tka-${name}-signing-key`,
          `${name}-oidc-token`,
          ...(name === 'login' ? ['tka-tailnet-auth-key'] : []),
        ]
        assert.ok(secrets.includes(`tka-${name}-signing-key`), name)
        for (const secret of secrets) assert.ok(own.includes(secret), `${name} has ${secret}`)
      }
      for (const name of ['login', 'logout', 'provisioner']) assert.ok(running.has(name), `${name} runs`)
    })

    it('gives their ServiceAccounts the shipped rights alone', async () => {
      const { cluster } = pods()
      const canI = async ([name, words]: Question) => {
        const as = `system:serviceaccount:${system}:${name}`
        const args = ['--kubeconfig', cluster.kubeconfig, 'auth', 'can-i', ...words.split(' '), '--as', as]
        return (await runProgram(cluster.kubectl, args)).stdout.trim()
      }
      for (const question of granted) assert.equal(await canI(question), 'yes', question.join(' '))
      for (const question of refused) assert.equal(await canI(question), 'no', question.join(' '))
    })
  })
}
