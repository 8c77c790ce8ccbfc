import { v5 } from 'uuid'
import type { Config } from '#core/config'
import { createEvent, type EventOf, sourceOf } from '#events'
import type { Emit } from '#io/emit'
import { inParallel } from '#io/in-parallel'
import { type Finding, type Findings, findPastDue, type LeasePage, type SessionObjects } from './find-past-due.ts'

export interface SweepDeps {
  readonly config: Pick<Config, 'cluster' | 'maxSessionSeconds'>
  readonly readObjects: (options: { readonly signal: AbortSignal }) => Promise<SessionObjects>
  readonly readLeases: (options: { readonly signal: AbortSignal }) => AsyncIterable<LeasePage>
  readonly emit: Emit
  /** Epoch milliseconds. */
  readonly now: () => number
  /** From 0 to below 1. */
  readonly random: () => number
  /** Told how long each session has been past due that still stands, in milliseconds. */
  readonly late: (ms: number) => void
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

const atOnce = 8

/** Asks the provisioner to take away each thing that is past due or orphaned. Rejects, after all were tried, when any could not be asked. */
export async function sweep(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const { sessions, findings } = await look(deps, signal)
  for (const { lateMs } of findings) if (lateMs !== undefined) deps.late(lateMs)
  deps.info('swept', { sessions, findings: findings.length })
  await inParallel(fromAnywhere(findings, deps.random()), atOnce, async finding =>
    deps.emit(revocation(deps, finding), { signal }),
  )
}

/** Begun somewhere else each time: some that are held up, and cost a sweep its whole time, are then not always the first. */
function fromAnywhere<T>(items: readonly T[], random: number): readonly T[] {
  const at = Math.floor(random * items.length)
  return [...items.slice(at), ...items.slice(0, at)]
}

/** A function of its own, so that nothing of what it read is kept while everything found is asked for. */
async function look({ readObjects, readLeases, now, config }: SweepDeps, signal: AbortSignal): Promise<Findings> {
  const objects = await readObjects({ signal })
  return findPastDue(objects, readLeases({ signal }), now(), config)
}

/** Namespace of the findings' ids (RFC 9562, version 5). */
const findings = '5f0c7c0a-6e0e-4f57-9d1c-1c3b7d1a8a11'

/**
 * The same finding has the same id in every sweep, until somebody acts on it. It is its own request: nobody signed the tick, so
 * nothing of it goes into what we sign.
 */
function revocation(
  { config, now }: SweepDeps,
  { name, session, reason }: Finding,
): EventOf<'dev.tka.session.revocation.requested.v1'> {
  const id = v5([config.cluster, name, session ?? '', reason].join('\n'), findings)
  return createEvent('dev.tka.session.revocation.requested.v1', {
    id,
    source: sourceOf(config.cluster, 'sweeper'),
    subject: name,
    data: { request: id, ...(session === undefined ? {} : { session }), reason },
    now: now(),
  })
}
