import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Finished, runProgram } from '../lab/run-program.ts'
import { type LabStand, openLabStand } from './lab-stand.ts'
import { GaveUp, publishedClient } from './published-client.ts'

const view = { role: 'view', period: '8h' }

describe('the published command-line client', () => {
  let stand: LabStand
  before(async () => {
    stand = await openLabStand()
  })
  after(() => stand?.[Symbol.asyncDispose]())

  const atLaptopOf = async (name: string) => {
    const person = await stand.join(name, { rules: [view] })
    return { person, client: publishedClient(person, stand.install.hostname) }
  }

  /** Lets client-go, as that client uses it, decode the answer, write it, load it and list pods. */
  const listPods = (name: string, kubeconfig: string): Promise<Finished> =>
    runProgram(String(stand.lab.programs['kubeconfig-client']), [join(stand.lab.dir, `${name}.config`)], {
      input: kubeconfig,
    })

  it('logs in, decodes the kubeconfig as it does, and works in the cluster until logout', async () => {
    const { client } = await atLaptopOf('paula')
    const user = stand.serviceAccount('paula')
    assert.partialDeepStrictEqual(await client.login(), { username: user, role: 'view' })
    const kubeconfig = await client.kubeconfig()
    const used = await listPods('paula', kubeconfig)
    assert.equal(used.code, 0, used.stderr)
    assert.deepEqual(JSON.parse(used.stdout), {
      cluster: 'lab',
      user,
      context: `${stand.install.install}-context-paula`,
      server: stand.lab.apiServer.url,
      pods: 0,
    })
    assert.partialDeepStrictEqual(await client.logout(), { username: user, role: 'view' })
    const refused = await listPods('paula', kubeconfig)
    assert.notEqual(refused.code, 0, refused.stdout)
    assert.match(refused.stderr, /forbidden|Unauthorized/)
    await assert.rejects(client.kubeconfig(), GaveUp, 'signed out: it does not ask on')
  })

  it('reauthenticates while it is signed in: the old badge is dead, the new one works', async () => {
    const { client } = await atLaptopOf('quinn')
    await client.login()
    const old = await client.kubeconfig()
    const fresh = await client.reauthenticate()
    assert.equal((await listPods('quinn', fresh)).code, 0)
    assert.notEqual((await listPods('quinn', old)).code, 0, 'the old token came back to life')
  })

  it('reauthenticates again and again, and after a logout', async () => {
    const { client } = await atLaptopOf('rosa')
    await client.login()
    for (let round = 0; round < 3; round++) {
      const { code, stderr } = await listPods('rosa', await client.reauthenticate())
      assert.equal(code, 0, stderr)
    }
    await client.logout()
    assert.equal((await listPods('rosa', await client.reauthenticate())).code, 0)
  })

  it('reads why it may not reauthenticate when it never was signed in', async () => {
    const { client } = await atLaptopOf('stan')
    await assert.rejects(client.reauthenticate(), { name: 'GaveUp', message: /signed in/ })
    assert.deepEqual(await stand.objectsOf('stan'), [])
  })
})
