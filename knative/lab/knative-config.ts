import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from './kube-api.ts'
import { moduleDir } from './programs.ts'

/** What the lab takes from Knative's own manifests. */
export interface KnativeConfig {
  readonly crds: readonly KubeObject[]
  /** ConfigMaps and the webhook's Secret. */
  readonly settings: readonly KubeObject[]
  readonly webhooks: readonly KubeObject[]
}

/** The stock webhook for ConfigMaps of Knative: nobody answers for it here. */
const unserved = new Set(['config.webhook.eventing.knative.dev'])

/** Reads the manifests from the Go modules that are pinned in go/knative. */
export async function readKnativeConfig(): Promise<KnativeConfig> {
  const [eventing, serving] = await Promise.all([sourceDir('knative.dev/eventing'), sourceDir('knative.dev/serving')])
  const config = join(eventing, 'config')
  const objects = (
    await Promise.all([
      readFolder(join(config, 'core/resources')),
      readFolder(join(config, 'core/configmaps')),
      readFolder(join(config, 'core/webhooks')),
      readFolder(join(config, 'channels/in-memory-channel/resources')),
      readFolder(join(config, 'channels/in-memory-channel/configmaps')),
      readFolder(join(serving, 'config/core/300-resources'), /^(service|configuration|revision|route)\.yaml$/),
    ])
  ).flat()
  return {
    crds: objects.filter(({ kind }) => kind === 'CustomResourceDefinition'),
    settings: objects.filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret'),
    webhooks: objects.filter(
      ({ kind, metadata }) => kind.endsWith('WebhookConfiguration') && !unserved.has(metadata.name),
    ),
  }
}

const Downloaded = v.object({ Dir: v.string() })

/** Folder of the source of a Go module that go/knative pins; downloads it when it is not there yet. */
async function sourceDir(path: string): Promise<string> {
  const run = promisify(execFile)('go', ['mod', 'download', '-json', path], { cwd: moduleDir('knative') })
  return v.parse(Downloaded, JSON.parse((await run).stdout)).Dir
}

/** The objects of a folder's manifests, in the order of the files' names. */
async function readFolder(dir: string, only = /\.yaml$/): Promise<readonly KubeObject[]> {
  const files = (await readdir(dir)).filter(name => only.test(name)).sort()
  const documents = await Promise.all(
    files.map(async name => parseAllDocuments(await readFile(join(dir, name), 'utf8'))),
  )
  return documents.flat().flatMap(document => document.toJS() ?? [])
}
