import { describe, type Manifest } from '../../render/manifest.ts'
import { applyAgain } from '../apply-again.ts'
import { contains } from '../contains.ts'
import { type Check, type Examined, failure, fine } from '../finding.ts'
import { lookAt } from '../look-at.ts'

/** The rights of the functions are those that this version ships. */
export const rights: Check = {
  name: 'rights',
  look: examined =>
    compare(examined, ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'], {
      all: 'the functions have the rights that this version ships',
      todo: `${applyAgain}; if somebody changed it on purpose, undo that`,
    }),
}

/** The guard's policies are those that follow from the configuration. */
export const policies: Check = {
  name: 'guard',
  look: examined =>
    compare(examined, ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'], {
      all: 'the policies are those that follow from the configuration',
      todo: `${applyAgain}: until then the guard lets through what it must not, or refuses what is offered`,
    }),
}

async function compare(
  examined: Examined,
  kinds: readonly string[],
  words: { readonly all: string; readonly todo: string },
) {
  const wanted = examined.expected.filter(({ kind }) => kinds.includes(kind))
  const differs = (live: unknown, manifest: Manifest) =>
    contains(live, matter(manifest)) ? [] : [failure(`${describe(manifest)} is not as shipped`, words.todo)]
  const faults = await Promise.all(
    wanted.map(manifest => lookAt(examined, manifest, live => differs(live, manifest), words.todo)),
  )
  return faults.flat().length > 0 ? faults.flat() : fine(words.all)
}

// Names and labels matter to whoever looks, the rest to what it does.
function matter({ apiVersion: _, kind: __, metadata: ___, ...rest }: Manifest) {
  return rest
}
