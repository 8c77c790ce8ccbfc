import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cpuSeconds, residentMiB } from './process-usage.ts'

const onLinux = { skip: process.platform !== 'linux' }

it('counts the CPU time that a process uses', onLinux, () => {
  const before = cpuSeconds([process.pid])
  const used = process.cpuUsage()
  while (process.cpuUsage(used).user < 200_000);
  const counted = cpuSeconds([process.pid]) - before
  assert.ok(counted >= 0.15 && counted < 2, `${counted} s`)
})

it('reads the memory that a process holds', onLinux, () => {
  const own = process.memoryUsage.rss() / 2 ** 20
  assert.ok(Math.abs(residentMiB(process.pid) - own) < 10)
})
