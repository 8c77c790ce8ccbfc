import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { parse, parseAllDocuments } from 'yaml'
import { parseConfig } from '#core/config'
import { overrideConfig } from '../../render/config-file.ts'
import { describe, Manifest } from '../../render/manifest.ts'
import type { InstallDescription, Rendered } from '../../render/render.ts'

const file = new URL('older-rendering.yaml', import.meta.url)
const Names = v.object({ install: v.string() })
const ConfigData = v.object({ 'config.yaml': v.string() })

/**
 * The base as an earlier version rendered it (older-rendering.yaml), for an install of another name: what a cluster has before an
 * upgrade. Replace the file by `node knative/render.ts` of a released version, with `oldtka` in all its names.
 */
export async function renderOlder({ config = {} }: InstallDescription): Promise<Rendered> {
  const { install } = v.parse(Names, config)
  const text = (await readFile(file, 'utf8')).replaceAll('oldtka', install)
  const manifests = parseAllDocuments(text).map(document => v.parse(Manifest, document.toJS()))
  const name = `ConfigMap ${install}-config in ${install}-system`
  const at = manifests.findIndex(manifest => describe(manifest) === name)
  const found = manifests[at]
  if (found === undefined) throw new Error(`there is no ${name} in older-rendering.yaml`)
  const settings = overrideConfig(v.parse(ConfigData, found.data)['config.yaml'], config)
  return {
    manifests: manifests.with(at, { ...found, data: { 'config.yaml': settings } }),
    config: parseConfig(parse(settings)),
  }
}
