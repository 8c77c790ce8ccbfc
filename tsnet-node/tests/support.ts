import { setTimeout as sleep } from 'node:timers/promises'
import { TailscaleNode, type TailscaleNodeOptions } from '../src/index.ts'
import type { Headscale, Testnet } from '../src/testing/index.ts'

/** A node on a tailnet of tests, up, with a UDP port of its own and its state in memory unless told otherwise. */
export async function startNode(
  net: Testnet | Headscale,
  options: Partial<TailscaleNodeOptions> & { readonly hostname: string },
): Promise<TailscaleNode> {
  const node = makeNode(net, options)
  await node.up({ signal: AbortSignal.timeout(20_000) })
  return node
}

/** Such a node before `up`. */
export function makeNode(
  net: Testnet | Headscale,
  options: Partial<TailscaleNodeOptions> & { readonly hostname: string },
): TailscaleNode {
  const ephemeral = options.stateDir === undefined && options.stateStore === undefined
  return new TailscaleNode({ controlUrl: net.controlUrl, env: net.env, port: 0, ephemeral, ...options })
}

/** Resolves with the first truthy answer; looks again every 10 ms, and fails after `withinMs`. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { withinMs, what }: { readonly withinMs: number; readonly what: string },
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as Exclude<T, false | undefined>
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`)
    await sleep(10)
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A promise's rejection, for looking at. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { readonly code?: unknown }> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error(`rejected with ${String(error)}`)
  }
  throw new Error('did not reject')
}
