import { rename, writeFile } from 'node:fs/promises'
import { type HeadscalePolicy, policyFile } from './headscale-files.ts'
import type { TestGrant } from './testnet.ts'

export interface PolicyDeps {
  readonly path: string
  /** Prepares for a policy and rejects when it would not be loaded. */
  readonly check: (policy: HeadscalePolicy, text: string) => Promise<void>
  /** Tells Headscale to read the file. */
  readonly reload: () => void
}

/** A policy file that is changed piece by piece, one change at a time. */
export interface PolicyFile {
  setGrant(id: string, grant: TestGrant): Promise<void>
  removeGrant(id: string): Promise<void>
  setGroup(name: string, logins: readonly string[]): Promise<void>
}

/** The policy of a new tailnet: everybody may reach everybody. */
export const openPolicy: HeadscalePolicy = { grants: { default: { src: ['*'], dst: ['*'], ip: true } }, groups: {} }

/** Writes a policy so that no reader ever sees half of it. */
export async function writePolicy(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Keeps the policy at `path`, where {@link openPolicy} is. */
export function createPolicyFile({ path, check, reload }: PolicyDeps): PolicyFile {
  let policy = openPolicy
  let last: Promise<void> = Promise.resolve()

  async function apply(change: (policy: HeadscalePolicy) => HeadscalePolicy): Promise<void> {
    const changed = change(policy)
    const text = JSON.stringify(policyFile(changed))
    await check(changed, text)
    await writePolicy(path, text)
    policy = changed
    reload()
  }

  function inTurn(change: (policy: HeadscalePolicy) => HeadscalePolicy): Promise<void> {
    const turn = last.then(() => apply(change))
    last = turn.catch(() => {}) // the caller hears of it
    return turn
  }

  return {
    setGrant: (id, grant) => inTurn(({ grants, ...rest }) => ({ ...rest, grants: { ...grants, [id]: grant } })),
    removeGrant: id => inTurn(({ grants: { [id]: _, ...grants }, ...rest }) => ({ ...rest, grants })),
    setGroup: (name, logins) => inTurn(({ groups, ...rest }) => ({ ...rest, groups: { ...groups, [name]: logins } })),
  }
}
