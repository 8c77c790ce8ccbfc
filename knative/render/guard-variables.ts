import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import type { Config } from '#core/config'
import type { Manifest } from './manifest.ts'
import { rolesOf } from './offered-roles.ts'

/** What the guard is told that config.yaml does not say. */
export interface GuardOptions {
  /** Groups whose members may write in the sessions namespace. */
  readonly adminGroups?: readonly string[]
  /** Names of users who may write there. */
  readonly adminUsers?: readonly string[]
  /** Audiences that the API server writes into a TokenRequest that names none. */
  readonly audiences?: readonly string[]
}

const names = v.array(v.pipe(v.string(), v.nonEmpty()))
/** The form of an overlay's `guard.yaml`. */
export const Guard = v.strictObject({
  adminGroups: v.exactOptional(names),
  adminUsers: v.exactOptional(names),
  audiences: v.exactOptional(names),
})

/** What an overlay's `guard.yaml` says. Throws, with its name and what is wrong, where that is not of the form. */
export async function readGuard(overlay: string): Promise<GuardOptions> {
  const file = join(overlay, 'guard.yaml')
  const read = v.safeParse(Guard, parse(await readFile(file, 'utf8')))
  if (!read.success) throw new Error(`${file}: ${v.summarize(read.issues)}`)
  return read.output
}

const apiServersShortestTokenSeconds = 600
const clockDifferenceSeconds = 60

const Policy = v.looseObject({
  spec: v.looseObject({ variables: v.optional(v.array(v.looseObject({ name: v.string(), expression: v.string() }))) }),
})

/** Writes what an install decides into the variables of a ValidatingAdmissionPolicy of the guard. */
export function setGuardVariables(policy: Manifest, config: Config, options: GuardOptions): Manifest {
  const expressions = new Map(Object.entries(guardVariables(config, options)))
  const { variables, ...spec } = v.parse(Policy, policy).spec
  if (variables === undefined) return policy
  const set = variables.map(({ name, expression }) => ({ name, expression: expressions.get(name) ?? expression }))
  return { ...policy, spec: { ...spec, variables: set } }
}

// Each a CEL expression; a string in JSON is one in CEL too.
function guardVariables(config: Config, { adminGroups, adminUsers, audiences }: GuardOptions): Record<string, string> {
  const { install, namespaces, roles, maxSessionSeconds } = config
  const literals = {
    install,
    prefix: `${install}-user-`,
    sessions: namespaces.sessions,
    system: namespaces.system,
    clusterRoles: rolesOf(roles, 'cluster'),
    namespacedRoles: rolesOf(roles, 'namespaced'),
    longestTokenSeconds: Math.max(maxSessionSeconds, apiServersShortestTokenSeconds),
    ...(adminGroups === undefined ? {} : { adminGroups }),
    ...(adminUsers === undefined ? {} : { adminUsers }),
    ...(audiences === undefined ? {} : { audiences }),
  }
  return {
    ...Object.fromEntries(Object.entries(literals).map(([name, value]) => [name, JSON.stringify(value)])),
    longestSession: `duration("${maxSessionSeconds + clockDifferenceSeconds}s")`,
  }
}
