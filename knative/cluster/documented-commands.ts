import { readFile } from 'node:fs/promises'

const root = new URL('../../', import.meta.url)

/**
 * The four commands of the README's section "Install on a cluster": copy an overlay, let it be completed, apply it, give it the auth
 * key. Throws when there are not four.
 */
export async function installCommands(): Promise<
  readonly [copy: string, complete: string, apply: string, key: string]
> {
  const [copy, complete, apply, key, ...more] = await commands('README.md', 'Install on a cluster')
  if (copy && complete && apply && key && more.length === 0) return [copy, complete, apply, key]
  throw new Error('README.md: "Install on a cluster" does not have four commands')
}

/**
 * The five commands of docs/operate.md's section "Upgrade": get the new version, let the overlay be completed, look at what will
 * change, apply it, ask the doctor. Throws when there are not five.
 */
export async function upgradeCommands(): Promise<
  readonly [get: string, complete: string, look: string, apply: string, ask: string]
> {
  const [get, complete, look, apply, ask, ...more] = await commands('docs/operate.md', 'Upgrade')
  if (get && complete && look && apply && ask && more.length === 0) return [get, complete, look, apply, ask]
  throw new Error('docs/operate.md: "Upgrade" does not have five commands')
}

/** The commands in the first console of a section, without prompt and comment. */
async function commands(file: string, heading: string): Promise<readonly string[]> {
  const text = await readFile(new URL(file, root), 'utf8')
  const [, section = ''] = text.split(`\n## ${heading}\n`)
  const [, block = ''] = section.split('\n```console\n')
  const [console = ''] = block.split('\n```\n')
  return console.split('\n').map(line => line.replace(/^\$ /, '').replace(/\s+# .*$/, ''))
}
