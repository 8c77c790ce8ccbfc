import { setTimeout as delay } from 'node:timers/promises'
import type { LaptopResponse } from 'tsnet-node/testing'
import type { Install } from '../lab/install.ts'
import type { Person } from '../lab/person.ts'
import type { Finished } from '../lab/run-program.ts'
import { throughFunnel } from '../lab/through-funnel.ts'
import { expect, type Stage } from './stage.ts'

/** alice gets a badge, uses it, and can do no more than her role says. Answers the path of her kubeconfig. */
export async function badge(stage: Stage, install: Install, alice: Person): Promise<string> {
  stage.scene('1. alice, whose rule says {"role":"view","period":"8h"}')
  let file = ''
  await stage.step('POST /api/v1alpha1/login from her laptop', async () => answered(await alice.login(), 202))
  await stage.step('GET /api/v1alpha1/kubeconfig as YAML', async () => {
    file = await alice.saveKubeconfig()
    return 'a kubeconfig that kubectl loads as it is'
  })
  await stage.step('kubectl get pods -A', async () => succeeded(await alice.kubectl(file, 'get', 'pods', '-A')))
  await stage.step('kubectl create configmap', async () =>
    forbidden(await alice.kubectl(file, 'create', 'configmap', 'mine', '-n', 'default')),
  )
  await stage.step(`kubectl get serviceaccount -n ${install.namespaces.sessions}`, async () => {
    const table = await sessions(install)
    expect(table.includes('user-alice'), `alice's ServiceAccount is not there:\n${table}`)
    return 'who is in the cluster right now'
  })
  stage.show(await sessions(install))
  return file
}

/** bob has no rule, a tagged node is nobody, and whoever comes through Funnel comes from the Internet. */
export async function refusals(stage: Stage, install: Install, bob: Person, robot: Person): Promise<void> {
  stage.scene('2. Who gets none')
  await stage.step('bob, for whom the policy has no rule', async () => answered(await bob.login(), 403))
  await stage.step('a tagged node, which belongs to nobody', async () => answered(await robot.login(), 400))
  await stage.step('a request that came in through Funnel (fed in where the helper accepts it)', async () =>
    answered(await throughFunnel(install, 'POST', '/api/v1alpha1/login'), 403),
  )
}

/** alice logs out: her token is refused at once and nothing of hers is left. */
export async function logout(stage: Stage, install: Install, alice: Person, kubeconfig: string): Promise<void> {
  stage.scene('3. alice logs out')
  await stage.step('POST /api/v1alpha1/logout', async () => answered(await alice.logout(), 200))
  await stage.step('the very next call with her token', async () =>
    refused(await alice.kubectl(kubeconfig, 'get', 'pods', '-A')),
  )
  await stage.step('what is left of her', async () => {
    const left = await leftovers(install, 'alice')
    expect(left.length === 0, `still there: ${left.join(', ')}`)
    return 'no ServiceAccount, no binding'
  })
}

/** carol's session ends at its second, by whichever layer is left to do it. */
export async function expiry(
  stage: Stage,
  carol: Person,
  layer: { readonly title: string; readonly how: string; readonly seconds: number; readonly waitSeconds: number },
): Promise<void> {
  stage.scene(layer.title)
  let until = ''
  await stage.step(`carol logs in for ${layer.seconds} s`, async () => {
    const answer = await carol.login()
    const said = answered(answer, 202)
    until = JSON.parse(answer.body).until
    return said
  })
  const kubeconfig = await carol.saveKubeconfig()
  await stage.step('kubectl get pods -A', async () => succeeded(await carol.kubectl(kubeconfig, 'get', 'pods', '-A')))
  await stage.step(layer.how, async () => {
    const deadline = Date.parse(until) + layer.waitSeconds * 1000
    while ((await carol.kubectl(kubeconfig, 'get', 'pods', '-A')).code === 0) {
      expect(Date.now() < deadline, `still works ${layer.waitSeconds} s after ${until}`)
      await delay(50)
    }
    return `refused ${((Date.now() - Date.parse(until)) / 1000).toFixed(1)} s after ${until}`
  })
}

/** Table of the people's ServiceAccounts, as an operator asks for it. */
const sessions = (install: Install): Promise<string> =>
  install.kubectl('get', 'serviceaccount', '-n', install.namespaces.sessions, '-L', 'tka.dev/role,tka.dev/valid-until')

/** Names of ServiceAccounts and bindings that still carry the person's slug. */
async function leftovers(install: Install, slug: string): Promise<readonly string[]> {
  const lists = await Promise.all([
    install.kubectl('get', 'serviceaccount', '-n', install.namespaces.sessions, '-o', 'name'),
    install.kubectl('get', 'clusterrolebinding,rolebinding', '-A', '-o', 'name'),
  ])
  return lists.flatMap(list => list.split('\n')).filter(name => name.includes(`${install.install}-user-${slug}`))
}

function answered(answer: Pick<LaptopResponse, 'status' | 'body'>, status: number): string {
  expect(answer.status === status, `answered ${answer.status} instead of ${status}: ${answer.body}`)
  const { message } = JSON.parse(answer.body)
  return `${status} ${message ?? answer.body.trim()}`
}

function succeeded(run: Finished): string {
  expect(run.code === 0, `kubectl failed: ${run.stderr}`)
  return `allowed: ${(run.stdout || run.stderr).trim().split('\n')[0]}`
}

function forbidden(run: Finished): string {
  expect(run.code !== 0 && /forbidden/i.test(run.stderr), `not forbidden: ${run.stdout}${run.stderr}`)
  return 'forbidden'
}

function refused(run: Finished): string {
  expect(
    run.code !== 0 && /forbidden|unauthorized|must be logged in/i.test(run.stderr),
    `not refused: ${run.stdout}${run.stderr}`,
  )
  return 'refused'
}
