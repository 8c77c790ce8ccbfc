import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { functionNames } from '#events'
import { waitUntil } from '../../lab/wait-until.ts'
import type { OpenStand, Stand } from '../stand.ts'

const view = { role: 'view', period: '8h' }

/** What a person does with a badge, in every lane. */
export function badgeCases(openStand: OpenStand): void {
  describe('a badge, end to end', () => {
    let stand: Stand
    before(async () => {
      stand = await openStand()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    it('gives a person the role of her rule, for kubectl, and nothing more', async () => {
      const alice = await stand.join('alice', { rules: [view] })
      const login = await alice.login()
      assert.equal(login.status, 202, login.body)
      const said = JSON.parse(login.body)
      assert.deepEqual(Object.keys(said).sort(), ['role', 'until', 'username'])
      assert.equal(said.username, stand.serviceAccount('alice'))
      assert.equal(said.role, 'view')
      assert.ok(Math.abs(Date.parse(said.until) - Date.now() - 8 * 3_600_000) < 30_000, said.until)

      const kubeconfig = await alice.saveKubeconfig()
      const config = JSON.parse((await alice.kubectl(kubeconfig, 'config', 'view', '-o', 'json')).stdout)
      const context = `${stand.install.install}-context-alice`
      assert.equal(config['current-context'], context)
      assert.deepEqual(config.contexts, [
        { name: context, context: { cluster: stand.install.cluster, user: said.username } },
      ])
      const pods = await alice.kubectl(kubeconfig, 'get', 'pods', '-A')
      assert.equal(pods.code, 0, pods.stderr)
      const create = await alice.kubectl(kubeconfig, 'create', 'configmap', 'mine', '-n', 'default')
      assert.notEqual(create.code, 0)
      assert.match(create.stderr, /forbidden/)

      const { sessions } = stand.install.namespaces
      const table = await stand.install.kubectl('get', 'sa', '-n', sessions, '-L', 'tka.dev/role,tka.dev/valid-until')
      assert.match(table, new RegExp(`${said.username}\\s.*\\sview\\s+${said.until.replaceAll(':', '.')}`))

      const logout = await alice.logout()
      assert.equal(logout.status, 200, logout.body)
      const next = await alice.kubectl(kubeconfig, 'get', 'pods', '-A')
      assert.notEqual(next.code, 0)
      assert.match(next.stderr, /forbidden|unauthorized|logged in/i)
      assert.deepEqual(await stand.objectsOf('alice'), [])
      assert.equal((await alice.request('GET', '/kubeconfig')).status, 401)
      assert.equal((await alice.logout()).status, 200, 'a session that ended within ten minutes')
    })

    it('makes RoleBindings where the rule names namespaces', async () => {
      const nora = await stand.join('nora', { rules: [{ role: 'edit', period: '1h', namespaces: ['default'] }] })
      assert.equal((await nora.login()).status, 202)
      const kubeconfig = await nora.saveKubeconfig()
      assert.equal((await nora.kubectl(kubeconfig, 'get', 'pods', '-n', 'default')).code, 0)
      assert.notEqual((await nora.kubectl(kubeconfig, 'get', 'pods', '-n', 'kube-system')).code, 0)
      assert.equal((await nora.logout()).status, 200)
      assert.deepEqual(await stand.objectsOf('nora'), [])
    })

    it('shares one session between two laptops of one person, each with a token of its own', async () => {
      const first = await stand.join('dora', { rules: [view] })
      const second = await stand.join('doras-other', { login: 'dora@example.com', rules: [view] })
      const [one, two] = await Promise.all([first.login(), second.login()])
      assert.deepEqual([one.status, two.status], [202, 202], `${one.body} ${two.body}`)
      const files = [await first.saveKubeconfig(), await second.saveKubeconfig()] as const
      const users = await Promise.all(files.map(file => first.kubectl(file, 'auth', 'whoami', '-o', 'json')))
      const [a, b] = users.map(({ stdout }) => JSON.parse(stdout).status.userInfo)
      assert.equal(a.uid, b.uid, 'one ServiceAccount')
      const id = 'authentication.kubernetes.io/credential-id'
      assert.notDeepEqual(a.extra[id], b.extra[id], 'two tokens')
      assert.equal((await first.logout()).status, 200)
      for (const file of files) assert.notEqual((await first.kubectl(file, 'get', 'pods')).code, 0, 'logout ends both')
    })

    it('keeps a token of an ended session dead after the next login', async () => {
      const erin = await stand.join('erin', { rules: [view] })
      assert.equal((await erin.login()).status, 202)
      const old = await erin.saveKubeconfig()
      assert.equal((await erin.logout()).status, 200)
      assert.equal((await erin.login()).status, 202)
      const fresh = await erin.saveKubeconfig()
      assert.equal((await erin.kubectl(fresh, 'get', 'pods')).code, 0)
      const dead = await erin.kubectl(old, 'get', 'pods')
      assert.notEqual(dead.code, 0, 'the old token came back to life')
      await erin.logout()
    })

    it('ends the session when the policy no longer gives it, at the next request from that node', async () => {
      const finn = await stand.join('finn', { rules: [view] })
      assert.equal((await finn.login()).status, 202)
      const kubeconfig = await finn.saveKubeconfig()
      await finn.setRules([])
      await waitUntil(
        'the next request is refused',
        async () => {
          const { status } = await finn.request('GET', '/kubeconfig')
          return status === 403 || status === 401 || `answered ${status}`
        },
        { timeoutMs: 15_000 },
      )
      await stand.refused(finn, kubeconfig)
      const ended = await stand.tap.waitFor(
        event => event.type === 'dev.tka.session.ended.v1' && event.subject === stand.serviceAccount('finn'),
      )
      assert.equal(JSON.parse(Buffer.from(ended.body).toString()).reason, 'grant-lost')
    })

    it('shows no credential to a subscriber of every event, nor in any log', async () => {
      const gwen = await stand.join('gwen', { rules: [view] })
      assert.equal((await gwen.login()).status, 202)
      const config = JSON.parse((await gwen.request('GET', '/kubeconfig')).body)
      const token: string = config.users[stand.serviceAccount('gwen')].token
      const parts = token.split('.').filter(part => part.length > 40)
      assert.ok(parts.length >= 2)
      await gwen.logout()
      for (const type of ['dev.tka.session.granted.v1', 'dev.tka.session.ended.v1'])
        await stand.tap.waitFor(event => event.type === type && event.subject === stand.serviceAccount('gwen'))
      const seen = stand.tap.events
        .map(event => `${Buffer.from(event.body)}${JSON.stringify(event.headers)}`)
        .join('\n')
      const logs = (await Promise.all(functionNames.map(name => stand.functions.logs(name)))).flat()
      assert.ok(logs.length > 5)
      // The payload and the signature; the header is the same in every token.
      for (const part of parts.slice(1)) {
        assert.ok(!seen.includes(part), 'in an event')
        assert.ok(!logs.some(line => line.includes(part)), 'in a log')
      }
    })
  })
}
