import type { TailscaleNode } from '../src/index.ts'
import { type Laptop, startLaptop, startTestnet, type Testnet } from '../src/testing/index.ts'
import { startNode } from './support.ts'

/** An offline tailnet with a node of this process, `server`, and a device of alice@example.com, `laptop`. */
export interface SmallTailnet extends AsyncDisposable {
  readonly net: Testnet
  readonly node: TailscaleNode
  readonly laptop: Laptop
}

/** Starts one; `env` is for the helper, beyond what the tailnet needs. */
export async function startSmallTailnet(env: Readonly<Record<string, string>> = {}): Promise<SmallTailnet> {
  await using stack = new AsyncDisposableStack()
  const net = stack.use(await startTestnet())
  await net.setNode('laptop', { login: 'alice@example.com' })
  const node = stack.use(await startNode(net, { hostname: 'server', env: { ...net.env, ...env } }))
  const laptop = stack.use(await startLaptop({ hostname: 'laptop', controlUrl: net.controlUrl }))
  const running = stack.move()
  return { net, node, laptop, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
