#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { buildGo, tellProgress } from './build-go.ts'
import { type GoProgram, platforms, programs } from './helper-cache.ts'

const usage = `Usage: tsnet-node-build-helper [--all | --tests | --only <name>] [--print]

Builds the helper with Go into the cache (\${XDG_CACHE_HOME:-~/.cache}/tsnet-node), where TailscaleNode finds the one
for this machine. What is there already is not built again.

  --all          the helper for every platform that has a package: ${platforms.map(({ os, arch }) => `${os}-${arch}`).join(', ')}
  --tests        every program for this machine, also those that only tests need (Headscale takes minutes)
  --only <name>  one program for this machine: ${Object.keys(programs).join(', ')}
  --print        print the paths, one a line
  --help         this text`

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean' },
      tests: { type: 'boolean' },
      only: { type: 'string' },
      print: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(usage)
  } else {
    for (const program of choose(values)) {
      const path = await buildGo({ ...program, log: tellProgress })
      if (values.print) console.log(path)
    }
  }
}

interface Choice {
  readonly all?: boolean | undefined
  readonly tests?: boolean | undefined
  readonly only?: string | undefined
}

function choose({ all, tests, only }: Choice): readonly GoProgram[] {
  if (all) return platforms.map(platform => ({ ...programs.helper, platform }))
  if (tests) return Object.values(programs)
  if (only === undefined) return [programs.helper]
  const program = Object.entries(programs).find(([name]) => name === only)?.[1]
  if (!program) throw new Error(`no program ${only}: ${Object.keys(programs).join(', ')}`)
  return [program]
}
