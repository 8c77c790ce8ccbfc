import { parse } from 'yaml'
import { configFiles, mergeConfig } from '#core/merge-config'

/** What the files of a ConfigMap say together, as the functions read them: `config.yaml`, and every other `*.yaml` over it. */
export function mergeFiles(files: Readonly<Record<string, string>>): unknown {
  return configFiles(Object.keys(files))
    .map(name => parse(files[name] ?? ''))
    .reduce(mergeConfig)
}
