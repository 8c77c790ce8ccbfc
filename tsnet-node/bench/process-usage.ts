import { readFileSync } from 'node:fs'

/** The clock of /proc/<pid>/stat: USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** CPU time that processes have used so far, in seconds, user and system together. Linux only. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map(pid => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name may hold spaces
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond
}

/** Resident memory of a process, in MiB. Linux only. */
export function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`)
  return Number(kib) / 1024
}
