import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { authority, eventTypes } from './authority.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { encodeBinary } from './binary-mode.ts'
import { createEvent } from './create-event.ts'
import { encodeDsse, preAuthenticationEncoding } from './dsse.ts'
import { signedExtensions } from './envelope.ts'
import type { EventType, TkaEvent } from './event.ts'
import type { RefusedReason } from './event-refused.ts'
import { functionNames, sourceOf } from './functions.ts'
import type { HttpMessage } from './http-message.ts'
import { verificationMaterial } from './material.ts'
import { sequenceAt } from './sequence.ts'
import { sign } from './sign.ts'
import { sampleData, sampleEvent, signerOf } from './testing/sample-events.ts'
import { makeTrialKeys, type TrialKeys } from './testing/trial-keys.ts'
import { verify } from './verify.ts'

const now = Date.parse('2026-11-23T10:00:00.700Z')
const requested = 'dev.tka.session.requested.v1'
let trial: TrialKeys

before(async () => {
  trial = await makeTrialKeys(now)
})

function check(
  message: HttpMessage,
  options: { now?: number; accept?: readonly EventType[]; allowExpired?: boolean } = {},
) {
  return verify(message, { keys: trial.keys, cluster: 'lab', now, accept: eventTypes, ...options })
}

function refused(reason: RefusedReason) {
  return { name: 'EventRefused', reason }
}

function signed(event: TkaEvent): Promise<HttpMessage> {
  return sign(event, trial.keyOf(signerOf(event)))
}

function withHeaders(message: HttpMessage, changes: Record<string, string | undefined>): HttpMessage {
  const headers = Object.entries({ ...message.headers, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return { ...message, headers: Object.fromEntries(headers) }
}

describe('a signed event', () => {
  for (const type of eventTypes) {
    it(`of type ${type} comes out as it went in`, async () => {
      const event = sampleEvent(type, now)
      assert.deepEqual(await check(await signed(event)), event)
    })
  }

  it('survives what a broker does to headers: order, letter case, the form of time, attributes of its own', async () => {
    const event = sampleEvent(requested, now)
    const message = await signed(event)
    const times = [
      '2026-11-23T10:00:00Z',
      '2026-11-23T10:00:00.000000000Z',
      '2026-11-23T12:00:00+02:00',
      '2026-11-23T10:00:00.7Z',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...times),
        fc.func(fc.boolean()),
        fc.func(fc.integer()),
        async (time, upper, order) => {
          const names = Object.keys(message.headers).sort((a, b) => order(a) - order(b))
          const headers: Record<string, string> = {
            'ce-knativehistory': 'tka-kne-trigger; \u0001 "quoted" %20',
            traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
            'ce-knativeerrordata': 'made up',
          }
          for (const name of names) {
            const value = name === 'ce-time' ? time : message.headers[name]
            headers[upper(name) ? name.toUpperCase() : name] = value ?? ''
          }
          assert.deepEqual(await check({ headers, body: message.body }), event)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('shows a handler nothing that was not signed', async () => {
    const message = await signed(sampleEvent(requested, now))
    const event = await check(
      withHeaders(message, { 'ce-role': 'cluster-admin', 'ce-knativearrivaltime': 'x', 'x-user': 'root' }),
    )
    assert.deepEqual(Object.keys(event).sort(), Object.keys(sampleEvent(requested, now)).sort())
  })
})

describe('an altered event is refused', () => {
  it('in any byte of its data', async () => {
    const message = await signed(sampleEvent(requested, now))
    await fc.assert(
      fc.asyncProperty(fc.nat(message.body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const body = Uint8Array.from(message.body)
        body[at] = (body[at] ?? 0) ^ flip
        await assert.rejects(check({ ...message, body }), refused('altered'))
      }),
    )
  })

  it('in its length', async () => {
    const message = await signed(sampleEvent(requested, now))
    await assert.rejects(check({ ...message, body: message.body.subarray(1) }), refused('altered'))
    await assert.rejects(
      check({ ...message, body: Buffer.concat([message.body, Buffer.from(' ')]) }),
      refused('altered'),
    )
  })

  it('in any character of any attribute', async () => {
    const message = await signed(sampleEvent(requested, now))
    const names = Object.keys(message.headers)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
        async (name, position, character) => {
          const value = message.headers[name] ?? ''
          const at = position % value.length
          const altered = value.slice(0, at) + character + value.slice(at + 1)
          fc.pre(altered !== value && !sameSecond(name, value, altered))
          await assert.rejects(check(withHeaders(message, { [name]: altered })), { name: 'EventRefused' })
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it("in any byte of the signature's envelope", async () => {
    const message = await signed(sampleEvent(requested, now))
    const envelope = decodeBase64(message.headers['ce-dssematerial'] ?? '') ?? new Uint8Array()
    await fc.assert(
      fc.asyncProperty(fc.nat(envelope.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Uint8Array.from(envelope)
        bytes[at] = (bytes[at] ?? 0) ^ flip
        await assert.rejects(check(withHeaders(message, { 'ce-dssematerial': encodeBase64(bytes) })), {
          name: 'EventRefused',
        })
      }),
      { numRuns: 1_000 },
    )
  })

  it('by taking any attribute away', async () => {
    const message = await signed(sampleEvent(requested, now))
    for (const name of Object.keys(message.headers)) {
      await assert.rejects(check(withHeaders(message, { [name]: undefined })), { name: 'EventRefused' }, name)
      await assert.rejects(check(withHeaders(message, { [name]: '' })), { name: 'EventRefused' }, name)
    }
  })

  it('by giving an attribute twice, in whatever letter case', async () => {
    const message = await signed(sampleEvent(requested, now))
    await assert.rejects(
      check(withHeaders(message, { 'CE-Sequence': '0000000000000001' })),
      refused('attribute-repeated'),
    )
    const id = message.headers['ce-id'] ?? ''
    await assert.rejects(check(withHeaders(message, { 'ce-id': `${id}, ${id}` })), refused('attribute-invalid'))
  })

  it('by adding a core attribute', async () => {
    const message = await signed(sampleEvent(requested, now))
    await assert.rejects(check(withHeaders(message, { 'ce-dataschema': 'https://example.com/' })), refused('altered'))
  })

  it('by putting the signature of one event on another', async () => {
    const one = await signed(sampleEvent(requested, now))
    const other = await signed(sampleEvent(requested, now))
    const swapped = withHeaders(one, { 'ce-dssematerial': other.headers['ce-dssematerial'] })
    await assert.rejects(check(swapped), refused('altered'))
  })
})

describe('an event is refused', () => {
  it('without a signature', async () => {
    const message = await signed(sampleEvent(requested, now))
    await assert.rejects(check(withHeaders(message, { 'ce-dssematerial': undefined })), {
      ...refused('signature-missing'),
      status: 403,
    })
  })

  it('when it is not JSON in binary mode', async () => {
    const message = await signed(sampleEvent(requested, now))
    for (const type of ['application/cloudevents+json', 'application/json; charset=utf-8', 'text/plain', undefined]) {
      await assert.rejects(check(withHeaders(message, { 'content-type': type })), {
        ...refused('content-type'),
        status: 415,
      })
    }
  })

  it('when headers or data are too large, before any signature is looked at', async () => {
    const message = await signed(sampleEvent(requested, now))
    const keys = { find: () => assert.fail('a key was looked for') }
    const look = (altered: HttpMessage) => verify(altered, { keys, cluster: 'lab', now, accept: eventTypes })
    const large = withHeaders(message, { 'x-filler': 'x'.repeat(16_384) })
    await assert.rejects(look(large), { ...refused('headers-too-large'), status: 413 })
    for (const size of [16_385, 65_537]) {
      await assert.rejects(look({ ...message, body: new Uint8Array(size) }), {
        ...refused('body-too-large'),
        status: 413,
      })
    }
  })

  it('when its type is unknown, or not for this receiver', async () => {
    const message = await signed(sampleEvent(requested, now))
    await assert.rejects(check(message, { accept: ['dev.tka.session.ended.v1'] }), refused('type-not-accepted'))
    const unknown = withHeaders(message, { 'ce-type': 'dev.tka.session.requested.v2' })
    await assert.rejects(check(unknown), refused('type-unknown'))
  })

  it('when the key of a function signs what only another may say', async () => {
    for (const type of eventTypes) {
      const event = sampleEvent(type, now)
      for (const name of functionNames.filter(name => !authority[type].signers.includes(name))) {
        await assert.rejects(
          check(await sign(event, trial.keyOf(name))),
          refused('key-not-for-type'),
          `${name} ${type}`,
        )
        const underItsOwnName = { ...event, source: sourceOf('lab', name) }
        await assert.rejects(check(await sign(underItsOwnName, trial.keyOf(name))), refused('key-not-for-type'))
      }
    }
  })

  it('when the key of one signer speaks for the other', async () => {
    const revocation = sampleEvent('dev.tka.session.revocation.requested.v1', now)
    await assert.rejects(check(await sign(revocation, trial.keyOf('sweeper'))), refused('key-not-for-source'))
  })

  it('when it comes from another cluster', async () => {
    const event = { ...sampleEvent(requested, now), source: sourceOf('elsewhere', 'login') }
    await assert.rejects(check(await signed(event)), refused('key-not-for-source'))
  })

  it('when its key is unknown, not yet good, or no longer', async () => {
    const message = await signed(sampleEvent(requested, now))
    const stranger = await makeTrialKeys(now)
    await assert.rejects(
      check(await sign(sampleEvent(requested, now), stranger.keyOf('login'))),
      refused('key-unknown'),
    )
    const twoDays = 2 * 86_400_000
    await assert.rejects(check(message, { now: now - twoDays }), refused('key-not-valid-now'))
    await assert.rejects(check(message, { now: now + twoDays }), refused('key-not-valid-now'))
  })

  it('when its data is not as its type demands, though it is signed', async () => {
    const event = sampleEvent(requested, now)
    const broken = [
      { ...event.data, extra: 'x' },
      { ...event.data, period: '28800' },
      { ...event.data, role: 'system:masters' },
      { ...event.data, namespaces: ['b', 'a'] },
      { ...event.data, namespaces: ['a', 'a'] },
      { ...event.data, namespaces: [] },
      { ...event.data, key: { ...event.data.key, d: event.data.key.x } },
      { ...event.data, key: { ...event.data.key, crv: 'Ed25519' } },
      { ...event.data, login: undefined },
      [],
      'text',
    ]
    for (const data of broken) {
      await assert.rejects(check(signRaw(event, JSON.stringify(data))), { ...refused('data-invalid'), status: 400 })
    }
    await assert.rejects(check(signRaw(event, '{"login":')), refused('data-invalid'))
  })

  it('without telling what its data was', async () => {
    const event = sampleEvent(requested, now)
    const data = JSON.stringify({ ...event.data, userId: 'a-secret-value' })
    await assert.rejects(
      check(signRaw(event, data)),
      (error: Error) => !error.message.includes('secret') && /userId/.test(error.message),
    )
  })

  it('when its partition key is not its subject', async () => {
    const event = { ...sampleEvent(requested, now), partitionkey: 'tka-user-bob' }
    await assert.rejects(check(await signed(event)), refused('data-invalid'))
  })

  it('when its signature leaves out an extension, or names other ones', async () => {
    const event = sampleEvent(requested, now)
    for (const extensions of [
      signedExtensions.slice(1),
      [...signedExtensions].reverse(),
      [...signedExtensions, 'exta'],
      [],
    ]) {
      await assert.rejects(check(signRaw(event, JSON.stringify(event.data), extensions)), {
        reason: extensions.length === 0 ? 'signature-malformed' : 'signed-extensions',
      })
    }
  })

  it('and never breaks us, whatever the message is', async () => {
    const names = fc.constantFrom(
      'content-type',
      ...['specversion', 'id', 'type', 'source', 'time', 'sequence', 'dssematerial', 'x'].map(name => `ce-${name}`),
    )
    const values = fc.oneof(fc.string(), fc.constantFrom('application/json', '1.0', requested))
    const message = await signed(sampleEvent(requested, now))
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, values), fc.boolean(), fc.uint8Array(), async (headers, upon, body) => {
        const altered = { headers: upon ? { ...message.headers, ...headers } : headers, body }
        await assert.rejects(check(altered), { name: 'EventRefused' })
      }),
      { numRuns: 500 },
    )
  })

  it('when it has two signatures, of which the second is good', async () => {
    const message = await signed(sampleEvent(requested, now))
    const envelope = JSON.parse(Buffer.from(message.headers['ce-dssematerial'] ?? '', 'base64').toString())
    envelope.signatures.unshift({ keyid: 'other', sig: envelope.signatures[0].sig })
    const doubled = withHeaders(message, { 'ce-dssematerial': encodeBase64(Buffer.from(JSON.stringify(envelope))) })
    await assert.rejects(check(doubled), refused('signature-malformed'))
  })
})

describe('time', () => {
  const at = (offset: number) => ({ now: now + offset })

  it('ends an event at its expirytime', async () => {
    const message = await signed(sampleEvent(requested, now))
    await check(message, at(59_200))
    await assert.rejects(check(message, at(59_300)), { ...refused('expired'), status: 403 })
  })

  it('ends a request when nobody waits for it any more', async () => {
    const event = createEvent(requested, {
      source: sourceOf('lab', 'login'),
      subject: 'tka-user-alice',
      data: sampleData[requested],
      now,
      expiresAt: now + 25_000,
    })
    await assert.rejects(check(await signed(event), at(25_000)), refused('expired'))
  })

  it('never makes stale what takes access away', async () => {
    for (const type of eventTypes.filter(type => authority[type].neverStale)) {
      await check(await signed(sampleEvent(type, now)), at(3_600_000))
    }
    assert.deepEqual(
      eventTypes.filter(type => authority[type].neverStale),
      ['dev.tka.logout.requested.v1', 'dev.tka.session.revocation.requested.v1', 'dev.tka.session.ended.v1'],
    )
  })

  it('lets only the dead-letter sink read what has expired', async () => {
    const message = await signed(sampleEvent(requested, now))
    await check(message, { ...at(3_600_000), allowExpired: true })
    await assert.rejects(check(message, { ...at(-31_000), allowExpired: true }), refused('from-the-future'))
  })

  it('allows another clock to be 30 s ahead', async () => {
    const message = await signed(sampleEvent('dev.tka.logout.requested.v1', now))
    await check(message, at(-30_700))
    await assert.rejects(check(message, at(-30_701)), refused('from-the-future'))
  })

  it('gives no event more than 60 s', async () => {
    const event = { ...sampleEvent('dev.tka.logout.requested.v1', now), expirytime: '2026-11-23T10:01:01Z' }
    await assert.rejects(check(await signed(event)), refused('lives-too-long'))
  })

  it('refuses a wish that is more than 60 s ahead', async () => {
    const wish = (ms: number) => ({
      ...sampleEvent('dev.tka.logout.requested.v1', now),
      sequence: sequenceAt(now + ms),
    })
    await check(await signed(wish(60_000)))
    await assert.rejects(check(await signed(wish(60_001))), refused('sequence-ahead'))
  })
})

/** True when a broker could have written the time so: the same second, which is what is signed. */
function sameSecond(name: string, before: string, after: string): boolean {
  return name === 'ce-time' && before.slice(0, 19) === after.slice(0, 19)
}

/** What a rightful key signs, but our own code would not write. */
function signRaw(event: TkaEvent, body: string, extensions: readonly string[] = signedExtensions): HttpMessage {
  const { data: _, ...rest } = event
  const key = trial.keyOf(signerOf(event))
  const data = Buffer.from(body)
  const attributes = { ...rest, specversion: '1.0', datacontenttype: 'application/json' }
  const payload = verificationMaterial({ attributes, data, extensions })
  const signature = key.sign(preAuthenticationEncoding(payload))
  return encodeBinary({ ...attributes, dssematerial: encodeDsse({ payload, keyid: key.kid, signature }) }, data)
}
