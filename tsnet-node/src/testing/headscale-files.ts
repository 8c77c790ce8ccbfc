import { join } from 'node:path'
import type { TestGrant } from './testnet.ts'

/** Domain of every node's MagicDNS name. */
export const baseDomain = 'tailnet.test'

/** Where one Headscale keeps its things and listens. */
export interface HeadscalePlace {
  readonly dir: string
  readonly controlUrl: string
  readonly port: number
  readonly stunPort: number
}

/** What a policy file is made of. */
export interface HeadscalePolicy {
  /** By an id of the test's choice. */
  readonly grants: Readonly<Record<string, TestGrant>>
  /** Logins by group name, such as `group:admins`. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** The files in a Headscale's directory. */
export function filesIn(dir: string): { readonly config: string; readonly policy: string } {
  return { config: join(dir, 'config.json'), policy: join(dir, 'policy.json') }
}

/** Headscale's configuration: everything on loopback, nothing fetched from anywhere. */
export function headscaleConfig({ dir, controlUrl, port, stunPort }: HeadscalePlace): unknown {
  return {
    server_url: controlUrl,
    listen_addr: `127.0.0.1:${port}`,
    metrics_listen_addr: '',
    unix_socket: join(dir, 'headscale.sock'),
    unix_socket_permission: '0700',
    noise: { private_key_path: join(dir, 'noise.key') },
    prefixes: { v4: '100.64.0.0/10', v6: 'fd7a:115c:a1e0::/48' },
    derp: {
      server: {
        enabled: true,
        region_id: 900,
        region_code: 'test',
        region_name: 'test',
        stun_listen_addr: `127.0.0.1:${stunPort}`,
        private_key_path: join(dir, 'derp.key'),
        ipv4: '127.0.0.1',
        ipv6: 'none', // else every node probes it for 3 s before it is up
      },
      urls: [],
      auto_update_enabled: false,
    },
    disable_check_updates: true,
    database: { type: 'sqlite', sqlite: { path: join(dir, 'headscale.db') } },
    dns: { magic_dns: true, base_domain: baseDomain, override_local_dns: false, nameservers: { global: [] } },
    policy: { mode: 'file', path: filesIn(dir).policy },
    tuning: { batch_change_delay: '10ms', node_store_batch_timeout: '10ms' },
    log: { level: 'info', format: 'json' },
  }
}

/** A policy file of these grants; every tag in them may be given out by nobody but the administrator. */
export function policyFile({ grants, groups }: HeadscalePolicy): unknown {
  const all = Object.values(grants)
  const tags = all.flatMap(selectorsOf).filter(selector => selector.startsWith('tag:'))
  return {
    groups,
    tagOwners: Object.fromEntries(tags.map(tag => [tag, []])),
    grants: all.map(({ src, dst, ip, app }) => ({ src, dst, ...(ip && { ip: ['*'] }), ...(app && { app }) })),
  }
}

/** The logins that a policy names: they must be users, or Headscale refuses it. */
export function loginsIn({ grants, groups }: HeadscalePolicy): readonly string[] {
  const named = [...Object.values(grants).flatMap(selectorsOf), ...Object.values(groups).flat()]
  return [...new Set(named.filter(selector => selector.includes('@')))]
}

function selectorsOf({ src, dst }: TestGrant): readonly string[] {
  return [...src, ...dst]
}
