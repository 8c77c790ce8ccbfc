import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type LabStand, openLabStand } from './lab-stand.ts'

const view = { role: 'view', period: '8h' }

describe('parts that fail while a person waits', () => {
  let stand: LabStand
  before(async () => {
    stand = await openLabStand()
  })
  after(() => stand?.[Symbol.asyncDispose]())

  it('provisioner killed in the middle of logins: each ends usable or with nothing left', async () => {
    const rita = await stand.join('rita', { rules: [view] })
    for (const afterMs of [0, 5, 10, 15, 20, 30, 45]) {
      const login = rita.login()
      await new Promise(resolve => setTimeout(resolve, afterMs))
      await stand.install.shadow.kill('provisioner', 'SIGKILL')
      const { status, body } = await login
      await stand.install.shadow.ready('provisioner')
      if (status === 202) {
        const kubeconfig = await rita.saveKubeconfig()
        const pods = await rita.kubectl(kubeconfig, 'get', 'pods', '-A')
        assert.equal(pods.code, 0, `killed after ${afterMs} ms: ${pods.stderr}`)
        assert.equal((await rita.logout()).status, 200)
      } else {
        assert.equal(status, 503, `killed after ${afterMs} ms: ${status} ${body}`)
      }
      await stand.nothingLeftOf('rita')
    }
  })

  it('no provisioner at all: the dead letter becomes a clear 503 well before the wait ends', async () => {
    const sam = await stand.join('sam', { rules: [view] })
    await stand.install.shadow.scale('provisioner', 0)
    const started = Date.now()
    const answer = await sam.login()
    assert.equal(answer.status, 503, answer.body)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.ok(Date.now() - started < 25_000)
    await stand.tap.waitFor(({ source }) => source.endsWith('/deadletter'))
    await stand.install.shadow.scale('provisioner', 1)
    await stand.nothingLeftOf('sam')
    assert.equal((await sam.login()).status, 202, 'and the next login works')
    await sam.logout()
  })

  it('API server refuses: a clear 503 without a word of Kubernetes', async () => {
    const tom = await stand.join('tom', { rules: [view] })
    const { sessions, system } = stand.install.namespaces
    await stand.install.kubectl('delete', 'rolebinding', 'provisioner', '-n', sessions)
    const answer = await tom.login()
    await stand.install.kubectl(
      ...['create', 'rolebinding', 'provisioner', '-n', sessions, '--role=provisioner'],
      `--serviceaccount=${system}:provisioner`,
    )
    assert.equal(answer.status, 503, answer.body)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.doesNotMatch(answer.body, /forbidden|serviceaccounts|leases|coordination|cannot/i)
    await stand.nothingLeftOf('tom')
  })

  it('no broker: 503 with Retry-After after the wait, and nothing is left behind', async () => {
    const uma = await stand.join('uma', { rules: [view] })
    await withoutBroker(stand, async () => {
      const answer = await uma.login()
      assert.equal(answer.status, 503, answer.body)
      assert.ok(Number(answer.headers['retry-after']) >= 1)
      await stand.nothingLeftOf('uma')
    })
  })
})

/** Takes the Broker away for as long as `during` runs. */
async function withoutBroker({ install }: LabStand, during: () => Promise<void>): Promise<void> {
  const { system } = install.namespaces
  await using folder = await mkdtempDisposable(join(tmpdir(), 'broker-'))
  const file = join(folder.path, 'broker.json')
  await writeFile(file, JSON.stringify(install.manifests.find(({ kind }) => kind === 'Broker')))
  await install.kubectl('delete', '-f', file)
  try {
    await during()
  } finally {
    await install.kubectl('apply', '-f', file)
    await install.kubectl('wait', '--for=condition=Ready', '--timeout=30s', 'broker/tka', '-n', system)
  }
}
