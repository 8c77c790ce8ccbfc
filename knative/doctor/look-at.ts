import * as v from 'valibot'
import { Status } from '../kube/conditions.ts'
import { describe, type Manifest } from '../render/manifest.ts'
import { applyAgain } from './apply-again.ts'
import { type Examined, type Finding, failure } from './finding.ts'
import { readLive } from './read.ts'

/** Looks at the live object of a manifest, which has to be there. */
export async function lookAt(
  { api }: Examined,
  manifest: Manifest,
  look: (live: Readonly<Record<string, unknown>>) => readonly Finding[],
  todo = applyAgain,
): Promise<readonly Finding[]> {
  const live = await readLive(api, manifest)
  return live === undefined ? [failure(`there is no ${describe(manifest)}`, todo)] : look(live)
}

/** Why a condition of an object's status is not True, in its own words; `undefined` where it is. */
export function whyNot(live: unknown, condition: string): string | undefined {
  const said = v.parse(Status, live).status.conditions.find(({ type }) => type === condition)
  return said?.status === 'True' ? undefined : (said?.message ?? said?.reason ?? 'it says nothing')
}
