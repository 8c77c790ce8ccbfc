import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { functionNames } from '#events'
import { isRunning } from '../lab/process-running.ts'
import type { Scenery } from './scenery.ts'

const file = fileURLToPath(new URL('../../.lab/lab.json', import.meta.url))

/** Writes every address that a script needs into `.lab/lab.json`, beside the process that holds everything. */
export async function writeAddresses({ lab, install, alice, bob, robot, carol }: Scenery): Promise<string> {
  const addresses = {
    holder: process.pid,
    kubeconfig: lab.kubeconfig,
    kubectl: lab.kubectl,
    apiServer: lab.apiServer,
    clusterDns: lab.clusterDns,
    brokerUrl: install.brokerUrl,
    namespaces: install.namespaces,
    tailnet: { controlUrl: lab.tailnet.controlUrl, adminUrl: lab.tailnet.adminUrl },
    service: `http://${install.hostname}/`,
    people: Object.fromEntries(
      Object.entries({ alice, bob, robot, carol }).map(([name, { laptop }]) => [
        name,
        { socks: `socks5h://${laptop.socks.host}:${laptop.socks.port}`, ips: laptop.ips, pid: laptop.pid },
      ]),
    ),
    functions: Object.fromEntries(
      functionNames.map(name => [name, { pid: install.shadow.pid(name), port: install.shadow.port(name) }]),
    ),
    keysDir: install.keysDir,
    pids: lab.pids,
    logs: lab.logs,
  }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(addresses, undefined, 2)}\n`, { mode: 0o600 })
  return file
}

/** Process ids of whoever holds what `.lab/lab.json` describes, and of the lab's supervisor; `undefined` when nothing is up. */
export async function readRunning(): Promise<{ readonly holder: number; readonly lab: number } | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { holder, pids } = v.parse(Running, JSON.parse(text))
  return (await isRunning(holder)) ? { holder, lab: pids.supervisor } : undefined
}

const Running = v.object({ holder: v.number(), pids: v.object({ supervisor: v.number() }) })

export async function removeAddresses(): Promise<void> {
  await rm(file, { force: true })
}

/** What a person types to look around. */
export function directions({ lab, install, alice }: Scenery): string {
  const { host, port } = alice.laptop.socks
  return `everything is up; its addresses are in ${file}
  export KUBECONFIG=${lab.kubeconfig}
  ${lab.kubectl} get serviceaccount -n ${install.namespaces.sessions} -L tka.dev/role,tka.dev/valid-until
  curl --proxy socks5h://${host}:${port} -X POST http://${install.hostname}/api/v1alpha1/login
  curl --proxy socks5h://${host}:${port} -H 'Accept: application/yaml' http://${install.hostname}/api/v1alpha1/kubeconfig
  chromium --user-data-dir=$(mktemp -d) --proxy-server=socks5://${host}:${port} http://${install.hostname}/
end it with: make down
`
}
