import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  createEvent,
  createSealingKey,
  type EventOf,
  type FunctionName,
  type HttpMessage,
  type NewEvent,
  sequenceAt,
  sign,
  sourceOf,
} from '#events'
import { captured, type LabStand, openLabStand } from './lab-stand.ts'

const view = { role: 'view', period: '8h' }
const requested = 'dev.tka.session.requested.v1'

describe('events that nobody honest sent', () => {
  let stand: LabStand
  before(async () => {
    stand = await openLabStand()
  })
  after(() => stand?.[Symbol.asyncDispose]())

  /** A login of somebody, as login would ask for it, with the thief's changes. */
  async function loginEvent(name: string, changes: Partial<NewEvent<typeof requested>> = {}) {
    const now = changes.now ?? Date.now()
    return createEvent(requested, {
      source: sourceOf(stand.install.cluster, 'login'),
      subject: stand.serviceAccount(name),
      now,
      sequence: sequenceAt(now),
      expiresAt: now + 25_000,
      data: {
        login: `${name}@example.com`,
        userId: '4711',
        node: 'n-stable',
        nodeName: `${name}-laptop`,
        role: 'view',
        period: 3600,
        key: (await createSealingKey()).publicJwk,
      },
      ...changes,
    })
  }

  async function signed(event: EventOf<typeof requested>, owner: FunctionName = 'login'): Promise<HttpMessage> {
    return sign(event, await stand.stolenKey(owner))
  }

  it('does nothing for an event that is unsigned, altered, from the wrong function, late, or from elsewhere', async () => {
    const honest = await signed(await loginEvent('mallory'))
    const { 'ce-dssematerial': _, ...unsigned } = honest.headers
    const altered = Buffer.from(honest.body)
    altered[altered.length - 3] = (altered.at(-3) ?? 0) ^ 1
    const longAgo = Date.now() - 120_000
    const forgeries: Readonly<Record<string, HttpMessage>> = {
      unsigned: { ...honest, headers: unsigned },
      'altered in one byte': { ...honest, body: altered },
      ...Object.fromEntries(
        ['partitionkey', 'correlationid', 'causationid', 'expirytime', 'sequence', 'subject', 'source', 'id'].map(
          name => [
            `with another ${name}`,
            {
              ...honest,
              headers: { ...honest.headers, [`ce-${name}`]: other(name, honest.headers[`ce-${name}`] ?? '') },
            },
          ],
        ),
      ),
      'signed by another function': await signed(await loginEvent('mallory'), 'sweeper'),
      expired: await signed(await loginEvent('mallory', { now: longAgo, expiresAt: longAgo + 25_000 })),
      'from the future': await signed(
        await loginEvent('mallory', { now: Date.now() + 120_000, expiresAt: Date.now() + 140_000 }),
      ),
      'from another cluster': await signed(await loginEvent('mallory', { source: sourceOf('elsewhere', 'login') })),
      'for a subject that does not follow from the login': await signed(
        await loginEvent('mallory', { subject: stand.serviceAccount('alice') }),
      ),
    }
    for (const [name, message] of Object.entries(forgeries)) {
      const answer = await stand.post('provisioner', message)
      assert.equal(answer.status, 403, `${name}: ${answer.status} ${answer.body}`)
      assert.ok(answer.body.byteLength <= 512, name)
    }
    assert.deepEqual(await stand.objectsOf('mallory'), [])
    assert.deepEqual(await stand.objectsOf('alice'), [])
  })

  it('gives one session for the same event a hundred times', async () => {
    const message = await signed(await loginEvent('hank'))
    const answers = await Promise.all(Array.from({ length: 100 }, () => stand.post('provisioner', message)))
    const granted = answers.map(({ status, body }) => [status, JSON.parse(body.toString())] as const)
    assert.deepEqual(new Set(granted.map(([status]) => status)), new Set([200]))
    assert.equal(new Set(granted.map(([, data]) => data.session)).size, 1, 'one session')
    assert.equal(new Set(granted.map(([, data]) => data.validUntil)).size, 1, 'one end')
    assert.equal((await stand.objectsOf('hank')).length, 2, 'one ServiceAccount, one binding')
  })

  it('grants nothing for a captured request that is posted again after the logout', async () => {
    const ivy = await stand.join('ivy', { rules: [view] })
    assert.equal((await ivy.login()).status, 202)
    const request = captured(
      await stand.tap.waitFor(({ type, subject }) => type === requested && subject === stand.serviceAccount('ivy')),
    )
    assert.equal((await ivy.logout()).status, 200)
    const again = await stand.post('provisioner', request)
    assert.equal(again.headers['ce-type'], 'dev.tka.session.denied.v1', again.body.toString())
    assert.equal(JSON.parse(again.body.toString()).code, 'superseded')
    assert.deepEqual(await stand.objectsOf('ivy'), [])
  })

  it('grants nothing for a captured request after a newer login, which goes on', async () => {
    const jack = await stand.join('jack', { rules: [view] })
    assert.equal((await jack.login()).status, 202)
    const first = captured(
      await stand.tap.waitFor(({ type, subject }) => type === requested && subject === stand.serviceAccount('jack')),
    )
    assert.equal((await jack.logout()).status, 200)
    assert.equal((await jack.login()).status, 202)
    const kubeconfig = await jack.saveKubeconfig()
    const again = await stand.post('provisioner', first)
    assert.equal(again.headers['ce-type'], 'dev.tka.session.denied.v1', again.body.toString())
    assert.equal((await jack.kubectl(kubeconfig, 'get', 'pods')).code, 0)
    await jack.logout()
  })

  it('lets a logout that overtakes its login win', async () => {
    const earlier = await loginEvent('kim')
    const { login, userId, node } = earlier.data
    const wish = sequenceAt(Date.now(), earlier.sequence)
    const logout = createEvent('dev.tka.logout.requested.v1', {
      source: earlier.source,
      subject: earlier.subject,
      now: Date.now(),
      sequence: wish,
      data: { login, userId, node, reason: 'asked' },
    })
    const asked = await stand.post('logout', await sign(logout, await stand.stolenKey('login')))
    assert.equal(asked.headers['ce-type'], 'dev.tka.session.revocation.requested.v1', asked.body.toString())
    const done = await stand.post('provisioner', { headers: only(asked.headers), body: asked.body })
    assert.equal(done.headers['ce-type'], 'dev.tka.session.ended.v1', done.body.toString())
    const late = await stand.post('provisioner', await signed(earlier))
    assert.equal(JSON.parse(late.body.toString()).code, 'superseded')
    assert.deepEqual(await stand.objectsOf('kim'), [])
  })

  it('answers a person once, however often the answer is delivered', async () => {
    const lena = await stand.join('lena', { rules: [view] })
    assert.equal((await lena.login()).status, 202)
    const granted = await stand.tap.waitFor(
      ({ type, subject }) => type === 'dev.tka.session.granted.v1' && subject === stand.serviceAccount('lena'),
    )
    for (let round = 0; round < 5; round += 1) {
      const { status, body } = await stand.post('login', captured(granted))
      assert.ok(status === 202 || status === 204, `${status} ${body}`)
    }
    assert.equal((await lena.logout()).status, 200)
    assert.ok((await stand.post('login', captured(granted))).status < 300)
    assert.equal((await lena.request('GET', '/kubeconfig')).status, 401, 'a late grant brings nothing back')
  })

  it('refuses at login what the wrong function signed as an answer', async () => {
    const event = createEvent('dev.tka.session.denied.v1', {
      source: sourceOf(stand.install.cluster, 'provisioner'),
      subject: stand.serviceAccount('alice'),
      now: Date.now(),
      data: { request: 'whatever', code: 'no-rule', retriable: false },
    })
    const { status } = await stand.post('login', await sign(event, await stand.stolenKey('logout')))
    assert.equal(status, 403)
  })

  it('is not moved by a sweeper that lies: a live session stays', async () => {
    const mona = await stand.join('mona', { rules: [view] })
    assert.equal((await mona.login()).status, 202)
    const kubeconfig = await mona.saveKubeconfig()
    const lie = createEvent('dev.tka.session.revocation.requested.v1', {
      source: sourceOf(stand.install.cluster, 'sweeper'),
      subject: stand.serviceAccount('mona'),
      now: Date.now(),
      data: { request: 'made-up', reason: 'expired' },
    })
    await stand.post('provisioner', await sign(lie, await stand.stolenKey('sweeper')))
    assert.equal((await mona.kubectl(kubeconfig, 'get', 'pods')).code, 0)
    assert.equal((await mona.logout()).status, 200)
    await stand.nothingLeftOf('mona')
  })
})

/** Another value of an attribute that is still well formed. */
function other(name: string, value: string): string {
  switch (name) {
    case 'expirytime':
      return new Date(Date.parse(value) + 1000).toISOString().replace('.000Z', 'Z')
    case 'sequence':
      return String(Number(value) + 1).padStart(16, '0')
    case 'source':
      return value.replace(/login$/, 'logout')
    default:
      return `${value.slice(0, -1)}${value.endsWith('a') ? 'b' : 'a'}`
  }
}

/** The headers that a broker hands on. */
function only(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('ce-') || name === 'content-type'),
  )
}
