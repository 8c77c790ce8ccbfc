import { fileURLToPath } from 'node:url'
import { testnetAdmin, testnetEnv } from 'tsnet-node/testing'
import * as v from 'valibot'
import { buildPrograms } from './build.ts'
import { knativeNamespace, services } from './data-plane.ts'
import { joinSameVersion, otherProgram } from './join-same-version.ts'
import type { Membership } from './join-supervisor.ts'
import type { Lab, StartLabOptions } from './lab.ts'
import { LabState } from './lab-state.ts'
import { labLock, stateDir } from './state-dir.ts'

/** The supervisor's program. */
const program = fileURLToPath(new URL('supervisor.ts', import.meta.url))

/**
 * Joins the running lab, or starts it; the last holder to dispose of it ends it. One of another version that nobody holds is waited
 * for; rejects when somebody holds it.
 *
 * @example
 * await using lab = await startLab({ progress: console.log })
 */
export async function startLab(options: StartLabOptions = {}): Promise<Lab> {
  // Compiled here rather than by the supervisor, so that Ctrl-C stops the compiler.
  const programs = await buildPrograms(options)
  const membership = await joinSameVersion({
    ...options,
    dir: stateDir(),
    program,
    lock: labLock,
    difference: state => {
      const running = v.safeParse(LabState, state)
      return running.success ? otherProgram(programs, running.output.programs) : 'description'
    },
    end: 'make down',
  })
  try {
    return labOf(membership, programs)
  } catch (error) {
    await membership[Symbol.asyncDispose]()
    throw error
  }
}

function labOf(membership: Membership, programs: Readonly<Record<string, string>>): Lab {
  const state = v.parse(LabState, membership.state)
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
