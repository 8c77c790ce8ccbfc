import { authKey } from './checks/auth-key.ts'
import { clocks } from './checks/clocks.ts'
import { configuration } from './checks/configuration.ts'
import { extraRights } from './checks/extra-rights.ts'
import { guardHolds } from './checks/guard-holds.ts'
import { keys } from './checks/keys.ts'
import { network } from './checks/network.ts'
import { policies, rights } from './checks/objects.ts'
import { readers } from './checks/readers.ts'
import { ready } from './checks/ready.ts'
import { tokens } from './checks/tokens.ts'
import { workloads } from './checks/workloads.ts'
import { type Check, type Examined, type Finding, failure } from './finding.ts'

/** Everything there is to look at, in the order in which it is told. */
const checks: readonly Check[] = [
  rights,
  extraRights,
  policies,
  guardHolds,
  readers,
  keys,
  authKey,
  network,
  ready,
  workloads,
  configuration,
  clocks,
  tokens,
]

/** What one check found. */
export interface Diagnosis {
  readonly check: string
  readonly finding: Finding
}

/** Looks at everything; a check that cannot be made is a finding of its own. */
export async function diagnose(examined: Examined): Promise<readonly Diagnosis[]> {
  const found = await Promise.all(
    checks.map(async ({ name, look }) => {
      const findings = await look(examined).catch((error: unknown) => [
        failure(
          `could not look: ${error instanceof Error ? error.message : error}`,
          'run this with the rights of an administrator, against an API server that answers',
        ),
      ])
      return findings.map(finding => ({ check: name, finding }))
    }),
  )
  return found.flat()
}
