import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Config, ConfigInvalid, parseConfig } from '#core/config'
import { configFiles, mergeConfig } from '#core/merge-config'
import type { Environment } from './environment.ts'

/**
 * Reads `config.yaml` from `TKA_CONFIG_DIR` (`/etc/tka/config`) and puts every other `*.yaml` there over it, in the order of their
 * names. Throws ConfigInvalid, or what reading the files threw.
 */
export async function loadConfig(env: Environment): Promise<Config> {
  const directory = env.TKA_CONFIG_DIR ?? '/etc/tka/config'
  const names = configFiles(await readdir(directory))
  const fragments = await Promise.all(
    names.map(async name => parseYaml(name, await readFile(join(directory, name), 'utf8'))),
  )
  return parseConfig(fragments.reduce(mergeConfig))
}

function parseYaml(name: string, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw new ConfigInvalid(`${name} is not YAML: ${error instanceof Error ? error.message : ''}`)
  }
}
