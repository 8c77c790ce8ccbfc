import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { OpenStand, Stand } from '../stand.ts'

const view = { role: 'view', period: '8h' }

/** What the tailnet policy says, what the person hears. */
const rules: readonly (readonly [string, readonly unknown[], number, RegExp])[] = [
  ['no rule', [], 403, /rule/],
  ['two different rules of one priority', [view, { role: 'view', period: '4h' }], 400, /priority/],
  ['a rule that is no object', ['view'], 400, /rule/],
  ['a rule that is null', [null], 400, /rule/],
  ['no role', [{ period: '8h' }], 400, /role/],
  ['an empty role', [{ role: '', period: '8h' }], 400, /role/],
  ['a role that is a number', [{ role: 7, period: '8h' }], 400, /role/],
  ['no period', [{ role: 'view' }], 400, /period/],
  ['an empty period', [{ role: 'view', period: '' }], 400, /period/],
  ['a period that is a number', [{ role: 'view', period: 28800 }], 400, /period/],
  ['a priority that is text', [{ ...view, priority: '1' }], 400, /priority/],
  ['a priority that is no integer', [{ ...view, priority: 1.5 }], 400, /priority/],
  ['namespaces that are no list', [{ ...view, namespaces: 'default' }], 400, /namespaces/],
  ['a broken rule beside a good one', [view, { role: 'view' }], 400, /period/],
  ['a period in no grammar', [{ role: 'view', period: 'a day' }], 422, /period/],
  ['a period over the maximum', [{ role: 'view', period: '9h' }], 422, /8h/],
  ['a period under the minimum', [{ role: 'view', period: '500ms' }], 422, /period/],
  ['a role that is not offered', [{ role: 'cluster-admin', period: '8h' }], 403, /role/],
  ['a role that is not offered cluster-wide', [{ role: 'edit', period: '8h' }], 403, /role/],
  ['a protected namespace', [{ role: 'edit', period: '8h', namespaces: ['kube-system'] }], 403, /namespace/],
]

/** Whom the tailnet and its policy give nothing, in every lane. */
export function refusalCases(openStand: OpenStand): void {
  describe('who gets no badge', () => {
    let stand: Stand
    before(async () => {
      stand = await openStand()
    })
    after(() => stand?.[Symbol.asyncDispose]())

    it('answers every bad rule with its status and names what is wrong', async () => {
      const bob = await stand.join('bob')
      for (const [name, given, status, says] of rules) {
        await bob.setRules(given)
        const answer = await settled(
          () => bob.login(),
          answer => answer.status === status && says.test(messageOf(answer)),
        )
        assert.equal(answer.status, status, `${name}: ${answer.body}`)
        assert.match(messageOf(answer), says, name)
      }
      assert.deepEqual(await stand.objectsOf('bob'), [])
      const asked = stand.tap.events.filter(event => event.type === 'dev.tka.session.requested.v1')
      assert.deepEqual(asked, [], 'nothing was asked of the provisioner')
    })

    it('refuses a tagged node, which belongs to nobody', async () => {
      const robot = await stand.join('robot', { tags: ['tag:ci'], rules: [view] })
      const answer = await robot.login()
      assert.equal(answer.status, 400, answer.body)
    })

    it('refuses a node whose user the tailnet does not know', async () => {
      const ghost = await stand.join('ghost', { rules: [view], known: false })
      const refused = await ghost.login().then(
        ({ status }) => status,
        // The helper refuses such a connection by itself.
        () => 'closed',
      )
      assert.ok(refused === 403 || refused === 'closed', String(refused))
      assert.deepEqual(await stand.objectsOf('ghost'), [])
    })

    it('refuses a name that is not its own (DNS rebinding) and a foreign origin (CSRF)', async () => {
      const nils = await stand.join('nils', { rules: [view] })
      assert.equal((await nils.request('POST', '/login', { host: 'evil.example' })).status, 403)
      assert.equal((await nils.request('POST', '/login', { origin: 'http://evil.example' })).status, 403)
      assert.equal((await nils.request('POST', '/login', { 'sec-fetch-site': 'cross-site' })).status, 403)
      assert.deepEqual(await stand.objectsOf('nils'), [])
    })
  })
}

/** A change of the policy reaches a kept-alive connection within the 2 s that a WhoIs may be old. */
async function settled<T>(ask: () => Promise<T>, expected: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 4000
  let answer = await ask()
  while (!expected(answer) && Date.now() < deadline) answer = await ask()
  return answer
}

/** What the person reads. */
function messageOf({ body }: { readonly body: string }): string {
  return JSON.parse(body).message
}
