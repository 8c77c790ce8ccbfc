import type { GoBuild } from '../src/build-go.ts'

/** The Go programs of the benchmark, built like the helper. */
export const benchPrograms = {
  server: { package: './benchserver', name: 'benchserver' },
  client: { package: './benchclient', name: 'benchclient' },
} as const satisfies Record<string, GoBuild>
