import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

/** Reads the manifests from the Go modules that are pinned in go/eventing and go/serving. */
export async function readKnativeConfig(): Promise<KnativeConfig> {
  const [eventing, serving] = await Promise.all([
    sourceDir('eventing', '-m', 'knative.dev/eventing'),
    sourceDir('serving', 'knative.dev/serving/config/core/300-resources'),
  ])
  const config = join(eventing, 'config')
  const objects = (
    await Promise.all([
      readFolder(join(config, 'core/resources')),
      readFolder(join(config, 'core/configmaps')),
      readFolder(join(config, 'core/webhooks')),
      readFolder(join(config, 'channels/in-memory-channel/resources')),
      readFolder(join(config, 'channels/in-memory-channel/configmaps')),
      readFolder(serving, /^(service|configuration|revision|route)\.yaml$/),
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

async function sourceDir(module: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['list', '-f', '{{.Dir}}', ...args], { cwd: moduleDir(module) })
  return stdout.trim()
}

async function readFolder(dir: string, only = /\.yaml$/): Promise<readonly KubeObject[]> {
  const files = (await readdir(dir)).filter(name => only.test(name))
  const documents = await Promise.all(
    files.map(async name => parseAllDocuments(await readFile(join(dir, name), 'utf8'))),
  )
  return documents.flat().flatMap(document => document.toJS() ?? [])
}
