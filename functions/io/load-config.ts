import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Config, ConfigInvalid, parseConfig } from '#core/config'
import type { Environment } from './environment.ts'

/** Reads `config.yaml` from `TKA_CONFIG_DIR` (`/etc/tka/config`). Throws ConfigInvalid, or what reading the file threw. */
export async function loadConfig(env: Environment): Promise<Config> {
  const text = await readFile(join(env.TKA_CONFIG_DIR ?? '/etc/tka/config', 'config.yaml'), 'utf8')
  return parseConfig(parseYaml(text))
}

function parseYaml(text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw new ConfigInvalid(`config.yaml is not YAML: ${error instanceof Error ? error.message : ''}`)
  }
}
