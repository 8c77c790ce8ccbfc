import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { InstallDescription, Rendered } from '../render/render.ts'
import type { Lab } from './lab.ts'

/** What differs from the base's defaults. */
export interface InstallOptions {
  /** Begins every name of this install; a free one by default. */
  readonly install?: string
  /** Offered roles, as in config.yaml. */
  readonly roles?: readonly {
    readonly name: string
    readonly scope: 'cluster' | 'namespaced'
    readonly maxPeriod: string
    readonly clusterAdminEquivalent?: boolean
  }[]
  /** Merged into config.yaml, in its own form: `{ period: { minimum: '1s' }, expiryTimers: false }`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Environment that the image would carry: what a process needs beyond its manifest. Not for secrets. */
  readonly imageEnv?: Readonly<Record<string, string>>
  /** Renders what is applied: this version's base, unless an older one is wanted. */
  readonly render?: (description: InstallDescription) => Promise<Rendered>
  /** Components to add to the base, by their folder. */
  readonly components?: readonly string[]
  /** True: the Job makes the keys, as in a cluster, and `keysDir` holds others. */
  readonly keysByJob?: boolean
  /** Functions not to start; every one is started by default. */
  readonly without?: readonly string[]
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

/** The config.yaml of an install in the lab. */
export async function labConfig(lab: Lab, { install = freeName(), roles, config = {} }: InstallOptions) {
  const tailnet = { hostname: install, controlUrl: lab.tailnet.controlUrl, udpPort: 0, env: lab.tailnet.env }
  return {
    cluster: 'lab',
    install,
    namespaces: { system: `${install}-system`, sessions: install },
    apiServer: { url: lab.apiServer.url, ca: await readFile(lab.apiServer.caFile, 'utf8') },
    ...(roles === undefined ? {} : { roles }),
    ...config,
    tailnet: { ...tailnet, ...v.parse(v.optional(v.record(v.string(), v.unknown()), {}), config.tailnet) },
  }
}

function freeName(): string {
  return `t${randomInt(36 ** 5)
    .toString(36)
    .padStart(5, '0')}`
}
