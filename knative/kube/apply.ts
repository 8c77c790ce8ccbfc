import type { Manifest } from '../render/manifest.ts'
import { type Api, ApiError } from './api.ts'

const atOnce = 12

/** Path of an object, whose kind must have a regular plural, or be one: Endpoints. */
export function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const collection = kind === 'Endpoints' ? 'endpoints' : `${kind.toLowerCase().replace(/y$/, 'ie')}s`
  const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  return `${root}${scope}/${collection}/${metadata.name}`
}

/** Applies manifests server-side, as one field manager; namespaces first and the rest several at a time. */
export async function applyAll(
  api: Api,
  manifests: readonly Manifest[],
  signal?: AbortSignal,
  fieldManager = 'tka-install',
): Promise<void> {
  const [first, rest] = [manifests.filter(isNamespace), manifests.filter(manifest => !isNamespace(manifest))]
  const apply = (manifest: Manifest) =>
    api.call('PATCH', pathOf(manifest), {
      query: { fieldManager, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: manifest,
      ...(signal === undefined ? {} : { signal }),
    })
  await each(first, apply)
  await each(rest, apply)
}

/** Deletes what was applied, in the opposite order; what is gone already is as good. */
export async function deleteAll(api: Api, manifests: readonly Manifest[]): Promise<void> {
  const remove = async (manifest: Manifest): Promise<void> => {
    await api
      .call('DELETE', pathOf(manifest), { query: { propagationPolicy: 'Background' } })
      .catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error
      })
  }
  // What is in one of these namespaces goes with it; the guard goes first, so that nothing here is left half refused.
  const namespaces = manifests.filter(isNamespace)
  const goes = new Set(namespaces.map(({ metadata }) => metadata.name))
  await each(
    manifests.filter(manifest => !isNamespace(manifest) && !goes.has(manifest.metadata.namespace ?? '')),
    remove,
  )
  await each(namespaces, remove)
}

function isNamespace({ kind }: Manifest): boolean {
  return kind === 'Namespace'
}

async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await act(item)
    }),
  )
}
