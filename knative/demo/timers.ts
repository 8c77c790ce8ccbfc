import { parse, stringify } from 'yaml'
import type { Install } from '../lab/install.ts'

/** Switches the provisioner's timers off, as an operator would: edits config.yaml and restarts the function. */
export async function switchTimersOff(install: Install): Promise<void> {
  const { system } = install.namespaces
  const configMap = ['configmap', 'tka-config', '-n', system]
  const config = parse(await install.kubectl('get', ...configMap, '-o', 'jsonpath={.data.config\\.yaml}'))
  const patch = { data: { 'config.yaml': stringify({ ...config, expiryTimers: false }) } }
  await install.kubectl('patch', ...configMap, '--type=merge', '-p', JSON.stringify(patch))
  await install.shadow.scale('provisioner', 0)
  await install.shadow.scale('provisioner', 1)
}
