import { type Config, parseConfig } from '#core/config'
import { createEvent, createSealingKey, type EventOf, type SealingKey, sequenceAt, sourceOf } from '#events'

export const cluster = 'lab'

/** A configuration with short periods. */
export function sampleConfig(change: Readonly<Record<string, unknown>> = {}): Config {
  return parseConfig({
    cluster,
    homeDomain: 'example.com',
    period: { minimum: '1s', maximum: '24h' },
    roles: [
      { name: 'view', scope: 'cluster', maxPeriod: '24h' },
      { name: 'view', scope: 'namespaced', maxPeriod: '24h' },
      { name: 'edit', scope: 'namespaced', maxPeriod: '24h' },
    ],
    ...change,
  })
}

type Requested = EventOf<'dev.tka.session.requested.v1'>

/** The events of one person, in the order of their wishes; `install` begins the names. */
export interface SamplePerson {
  readonly subject: string
  readonly key: SealingKey
  /** A login by this rule, asked for now. */
  login(rule?: Partial<Requested['data']>): Requested
  logout(
    change?: Partial<EventOf<'dev.tka.session.revocation.requested.v1'>['data']>,
  ): EventOf<'dev.tka.session.revocation.requested.v1'>
  credential(session: string): EventOf<'dev.tka.credential.requested.v1'>
}

/** A person of the home domain. */
export async function samplePerson(
  name: string,
  options: { readonly now: () => number; readonly install?: string },
): Promise<SamplePerson> {
  const { now, install = 'tka' } = options
  const key = await createSealingKey()
  const subject = `${install}-user-${name}`
  const login = `${name}@example.com`
  let last: string | undefined
  const wish = () => {
    last = sequenceAt(now(), last)
    return last
  }
  return {
    subject,
    key,
    login: (rule = {}) =>
      createEvent('dev.tka.session.requested.v1', {
        source: sourceOf(cluster, 'login'),
        subject,
        data: {
          login,
          userId: '7',
          node: 'node-1',
          nodeName: 'laptop',
          role: 'view',
          period: 3600,
          key: key.publicJwk,
          ...rule,
        },
        now: now(),
        sequence: wish(),
        expiresAt: now() + 25_000,
      }),
    logout: (change = {}) =>
      createEvent('dev.tka.session.revocation.requested.v1', {
        source: sourceOf(cluster, 'logout'),
        subject,
        data: { request: 'logout-1', reason: 'logout', ...change },
        now: now(),
        sequence: wish(),
      }),
    credential: session =>
      createEvent('dev.tka.credential.requested.v1', {
        source: sourceOf(cluster, 'login'),
        subject,
        data: { session, login, userId: '7', node: 'node-1', key: key.publicJwk },
        now: now(),
      }),
  }
}
