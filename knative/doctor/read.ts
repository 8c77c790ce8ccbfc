import * as v from 'valibot'
import { type Api, ApiError } from '../kube/api.ts'
import { pathOf } from '../kube/apply.ts'
import type { Manifest } from '../render/manifest.ts'

/** The live object that a manifest describes; `undefined` when there is none. */
export function readLive(api: Api, manifest: Manifest): Promise<Readonly<Record<string, unknown>> | undefined> {
  return readPath(api, pathOf(manifest))
}

/** The object at a path; `undefined` when there is none. */
export async function readPath(api: Api, path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return v.parse(v.record(v.string(), v.unknown()), await api.call('GET', path))
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
