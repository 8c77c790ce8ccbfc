import { functionNames } from '#events'
import { type PodMemory, readPodMemory } from '../../cluster/pod-memory.ts'
import { type PodInstall, standOn } from '../../e2e/pod-stand.ts'
import { logInOften } from '../../e2e/pods/log-in-often.ts'
import { type Summary, summarise } from '../statistics.ts'
import { type ColdStart, sweeperStarter } from './cold-start.ts'

/** What was measured on real pods, in one run; times in milliseconds, sizes in bytes. */
export interface Figures {
  /** From `kubectl apply` until everything is Ready. */
  readonly readyMs: number
  /** Compressed, for one platform. */
  readonly imageBytes: number
  readonly coldStarts: readonly ColdStart[]
  /** From asking to the body of the kubeconfig: one person, again and again, everything warm. */
  readonly login: Summary
  readonly idle: readonly PodMemory[]
  /** How many had logged in, and out, before memory was read again. */
  readonly logins: number
  readonly after: readonly PodMemory[]
}

/** How much to measure. */
export interface Amounts {
  readonly coldStarts: number
  /** {@link fewestLogins} or more. */
  readonly logins: number
}

const names = ['anna', 'ben', 'cleo', 'dirk']
const warmUp = 10
const timed = 100
/** Those that are timed, and those before. */
export const fewestLogins = warmUp + timed

/** Measures an install that does nothing else meanwhile, and leaves one pod of each function. */
export async function measure(pods: PodInstall, amounts: Amounts, progress: (line: string) => void): Promise<Figures> {
  const { install, cluster } = pods
  await using stand = await standOn(pods)
  await stand.stopTicking()
  const coldStarts: ColdStart[] = []
  {
    using starter = await sweeperStarter(cluster.kubeconfig, install)
    while (coldStarts.length < amounts.coldStarts) {
      coldStarts.push(await starter.start())
      progress(`${coldStarts.length} of ${amounts.coldStarts} cold starts`)
    }
  }
  // Of each function a pod that stays, to be looked at.
  for (const name of functionNames) await install.functions.scale(name, 1)
  const memory = () => readPodMemory(install.kubectl, install.namespaces.system)
  const idle = await memory()
  const people = await Promise.all(names.map(name => stand.join(name, { rules: [{ role: 'view', period: '8h' }] })))
  const one = people.slice(0, 1)
  await logInOften(one, warmUp)
  const login = summarise(await logInOften(one, timed))
  progress(`${timed} logins of one person`)
  await logInOften(people, amounts.logins - fewestLogins)
  progress(`${amounts.logins} logins in all`)
  return {
    readyMs: install.readyMs,
    imageBytes: pods.imageBytes,
    coldStarts,
    login,
    idle,
    logins: amounts.logins,
    after: await memory(),
  }
}
