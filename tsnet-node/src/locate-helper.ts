import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { TailscaleError } from './errors.ts'
import { cachePath, helperModule, programs } from './helper-cache.ts'

/**
 * Finds the helper binary: the option, then TSNET_NODE_HELPER, then the package for this platform, then one built here.
 * @throws TailscaleError `ERR_TSNET_HELPER_MISSING`
 */
export function locateHelper(helperPath?: string, env: NodeJS.ProcessEnv = process.env): string {
  const named = helperPath ?? env.TSNET_NODE_HELPER
  if (named) {
    if (existsSync(named)) return named
    throw missing(`${helperPath ? 'helperPath' : 'TSNET_NODE_HELPER'} names ${named}, which does not exist`)
  }
  return inPlatformPackage() ?? builtHere(env) ?? fail()
}

function inPlatformPackage(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`tsnet-node-${process.platform}-${process.arch}/tsnet-helper`)
  } catch {
    return undefined
  }
}

function builtHere(env: NodeJS.ProcessEnv): string | undefined {
  if (!existsSync(helperModule)) return undefined
  const path = cachePath(programs.helper, env)
  return existsSync(path) ? path : undefined
}

function fail(): never {
  throw missing(`no helper binary for ${process.platform}-${process.arch}`)
}

function missing(what: string): TailscaleError {
  return new TailscaleError(
    'ERR_TSNET_HELPER_MISSING',
    `${what}. Install the package tsnet-node-${process.platform}-${process.arch}, or build the helper with Go: npm run build:helper --workspace tsnet-node`,
  )
}
