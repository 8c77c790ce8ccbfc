import { TailscaleNode } from '../src/index.ts'
import { buildGo } from '../src/testing/index.ts'
import { startLineProcess } from '../src/testing/line-process.ts'
import type { Contest, Side } from './contest.ts'
import { benchPrograms } from './programs.ts'

/**
 * Milliseconds until a node that was not there is up and listens: for Go, of the whole program; for Node, of `up` and
 * `listen` in a program that runs already, which start the helper. A new node each time.
 */
export async function startTime({ net }: Contest, side: Side): Promise<number> {
  const began = performance.now()
  const hostname = `bench-start-${side}`
  const signal = AbortSignal.timeout(30_000)
  if (side === 'go') {
    const program = await buildGo(benchPrograms.server)
    await using _server = await startLineProcess(program, ['--hostname', hostname, '--control-url', net.controlUrl], {
      env: net.env,
      signal,
    })
    return performance.now() - began
  }
  await using node = new TailscaleNode({ hostname, controlUrl: net.controlUrl, env: net.env, port: 0, ephemeral: true })
  await node.up({ signal })
  await node.listen({ port: 80, signal })
  return performance.now() - began
}
