/** What to build out of the helper's Go module. */
export interface GoBuild {
  /** Package path inside the module, such as `./testnet`, or an import path of a `tool` dependency. */
  readonly package: string
  readonly tags?: readonly string[]
  /** Name of the binary. */
  readonly name: string
  /** Called with lines about the progress. */
  readonly log?: (line: string) => void
}

/** Builds into the cache, unless a binary of the same sources and flags is there already, and resolves to its path. */
export async function buildGo(_build: GoBuild): Promise<string> {
  throw new Error('in the making')
}

/** The programs of the module, each of which {@link buildGo} takes. */
export const programs = {
  helper: { package: '.', name: 'tsnet-helper' },
  testFunnelHelper: { package: '.', tags: ['testfunnel'], name: 'tsnet-helper-testfunnel' },
  testnet: { package: './testnet', name: 'testnet' },
  laptop: { package: './laptop', name: 'laptop' },
  tailscaled: { package: 'tailscale.com/cmd/tailscaled', name: 'tailscaled' },
} as const satisfies Record<string, GoBuild>
