import { fileURLToPath } from 'node:url'
import { testnetAdmin, testnetEnv } from 'tsnet-node/testing'
import * as v from 'valibot'
import { buildPrograms } from './build.ts'
import { knativeNamespace, services } from './data-plane.ts'
import { joinSupervisor, type Membership } from './join-supervisor.ts'
import type { Lab, StartLabOptions } from './lab.ts'
import { LabState } from './lab-state.ts'
import { stateDir } from './state-dir.ts'

/** The supervisor's program. */
const program = fileURLToPath(new URL('supervisor.ts', import.meta.url))

/**
 * Joins the running lab, or starts it; the last holder to dispose of it ends it.
 *
 * @example
 * await using lab = await startLab({ progress: console.log })
 */
export async function startLab(options: StartLabOptions = {}): Promise<Lab> {
  // Compiled here rather than by the supervisor, so that Ctrl-C stops the compiler.
  const programs = await buildPrograms(options)
  const membership = await joinSupervisor({ ...options, dir: stateDir(), program })
  try {
    return labOf(membership, programs)
  } catch (error) {
    await membership[Symbol.asyncDispose]()
    throw error
  }
}

function labOf(membership: Membership, programs: Readonly<Record<string, string>>): Lab {
  const state = v.parse(LabState, membership.state)
  for (const [name, path] of Object.entries(programs)) {
    if (state.programs[name] !== path) {
      throw new Error(`a lab of another version is running (its ${name} is another): end it with \`make down\``)
    }
  }
  const { controlUrl, adminUrl, pid } = state.tailnet
  return {
    dir: state.dir,
    kubeconfig: state.kubeconfig,
    apiServer: state.apiServer,
    kubectl: programs.kubectl ?? 'kubectl',
    clusterDns: state.clusterDns,
    route: membership.route,
    brokerUrl: (namespace, broker) =>
      `http://${services.ingress}.${knativeNamespace}.svc.cluster.local/${namespace}/${broker}`,
    tailnet: {
      ...testnetAdmin(adminUrl),
      controlUrl,
      adminUrl,
      env: testnetEnv(controlUrl),
      pid,
      [Symbol.asyncDispose]: async () => {},
    },
    programs,
    pids: state.pids,
    logs: state.logs,
    [Symbol.asyncDispose]: () => membership[Symbol.asyncDispose](),
  }
}
