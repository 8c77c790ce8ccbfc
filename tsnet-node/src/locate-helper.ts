import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { TailscaleError } from './errors.ts'
import { cachePath, helperModule, helperPackage, platforms, programs, thisPlatform } from './helper-cache.ts'

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
    return createRequire(import.meta.url).resolve(`${helperPackage(thisPlatform)}/tsnet-helper`)
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
  throw missing(`no helper binary for ${thisPlatform.os}-${thisPlatform.arch}`)
}

function missing(what: string): TailscaleError {
  return new TailscaleError('ERR_TSNET_HELPER_MISSING', `${what}. ${wayOut()}`)
}

function wayOut(): string {
  const build = 'build the helper with Go 1.26.6 or newer: npx tsnet-node-build-helper'
  const isPublished = platforms.some(({ os, arch }) => os === thisPlatform.os && arch === thisPlatform.arch)
  if (!isPublished) return `No package has one for this platform; ${build}`
  const name = helperPackage(thisPlatform)
  return `Install the package ${name}, which npm leaves out with --omit=optional and when node_modules comes from another platform, or ${build}`
}
