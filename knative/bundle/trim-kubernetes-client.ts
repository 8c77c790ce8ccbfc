import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { trimMethods } from './trim-methods.ts'
import { trimSerializer } from './trim-serializer.ts'
import { usedModels } from './used-models.ts'
import { wordsIn } from './words-in.ts'

const entry = fileURLToPath(import.meta.resolve('@kubernetes/client-node'))
const library = dirname(entry)

/** The library's own way to send a request, which io/kubernetes/transport.ts takes the place of. */
const noFetch =
  "export function fetch() { throw new Error('the HTTP client of the library was left out of the bundle') }"

/**
 * Leaves out of a bundle what of @kubernetes/client-node the sources in a folder do not name: methods, models, its HTTP client.
 * Whole, it takes 50 MB of each process: the library does not say that its files can be left out one by one, and one of them
 * names every model of Kubernetes. Whatever is left out and used all the same throws.
 */
export function trimKubernetesClient(sources: string): Plugin {
  return {
    name: 'trim-kubernetes-client',
    setup(build) {
      const words = wordsIn(sources)
      build.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({ path: entry, sideEffects: false }))
      build.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) =>
        importer.startsWith(library) ? { path: join(resolveDir, path), sideEffects: false } : undefined,
      )
      build.onResolve({ filter: /^undici$/ }, ({ path, importer }) =>
        importer.endsWith('isomorphic-fetch.js') ? { path, namespace: 'left-out' } : undefined,
      )
      build.onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: noFetch }))
      build.onLoad({ filter: /[\\/]dist[\\/]gen[\\/](apis|types)[\\/]\w+\.js$/ }, async ({ path }) => ({
        contents: trimMethods(await readFile(path, 'utf8'), await words),
      }))
      build.onLoad({ filter: /[\\/]dist[\\/]gen[\\/]models[\\/]ObjectSerializer\.js$/ }, async ({ path }) => ({
        contents: trimSerializer(await readFile(path, 'utf8'), await usedModels(await words, library)),
      }))
    },
  }
}
