import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '../render/manifest.ts'
import { moduleDir } from './programs.ts'

/** What the lab takes from Knative's own manifests, and the Prometheus operator's definitions of what we give to it. */
export interface KnativeConfig {
  readonly crds: readonly Manifest[]
  /** ConfigMaps and the webhook's Secret. */
  readonly settings: readonly Manifest[]
  readonly webhooks: readonly Manifest[]
}

/** The stock webhook for ConfigMaps of Knative: nobody answers for it here. */
const unserved = new Set(['config.webhook.eventing.knative.dev'])

/** Reads the manifests from the Go modules that are pinned in go/knative and go/monitoring. */
export async function readKnativeConfig(): Promise<KnativeConfig> {
  const [core, channel, serving, monitoring] = await Promise.all([
    configDir('knative.dev/eventing/config/core'),
    configDir('knative.dev/eventing/config/channels/in-memory-channel'),
    configDir('knative.dev/serving/config/core/300-resources'),
    // The definitions' own folder is no package of Go's, the one beside it is.
    configDir('github.com/prometheus-operator/prometheus-operator/example/alertmanager-webhook', 'monitoring'),
  ])
  const objects = (
    await Promise.all([
      readFolder(join(core, 'resources')),
      readFolder(join(core, 'configmaps')),
      readFolder(join(core, 'webhooks')),
      readFolder(join(channel, 'resources')),
      readFolder(join(channel, 'configmaps')),
      readFolder(serving, /^(service|configuration|revision|route)\.yaml$/),
      readFolder(join(monitoring, '../prometheus-operator-crd'), /_(podmonitors|prometheusrules)\.yaml$/),
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

/** A folder in a Go module that one of ours pins: as far as Go is concerned, a package, which may be without code. */
export async function configDir(path: string, module = 'knative'): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['list', '-f', '{{.Dir}}', path], { cwd: moduleDir(module) })
  return stdout.trim()
}

/** The objects of a folder's manifests, in the order of the files' paths in it. */
export async function readFolder(dir: string, only = /\.yaml$/): Promise<readonly Manifest[]> {
  const files = (await readdir(dir, { recursive: true })).filter(path => only.test(path)).sort()
  const documents = await Promise.all(
    files.map(async path => parseAllDocuments(await readFile(join(dir, path), 'utf8'))),
  )
  return documents.flat().flatMap(document => document.toJS() ?? [])
}
