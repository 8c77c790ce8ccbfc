import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes CNI's configuration: each pod has a link of its own to the node, without NetworkPolicy. */
export async function writePodNetwork(dir: string, pods: string): Promise<string> {
  const cniDir = join(dir, 'cni')
  await mkdir(cniDir, { recursive: true })
  const plugin = {
    type: 'ptp',
    ipMasq: false,
    mtu: 1500,
    ipam: {
      type: 'host-local',
      dataDir: join(dir, 'pod-addresses'),
      ranges: [[{ subnet: pods }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  }
  const list = { cniVersion: '0.4.0', name: 'tka', plugins: [plugin] }
  await writeFile(join(cniDir, '10-tka.conflist'), JSON.stringify(list))
  return cniDir
}
