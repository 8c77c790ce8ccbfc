import { readFile } from 'node:fs/promises'

const readme = new URL('../../README.md', import.meta.url)

/**
 * The four commands of the README's section "Install on a cluster", without prompt and comment: copy an overlay, let it be completed,
 * apply it, give it the auth key. Throws when there are not four.
 */
export async function readmeCommands(): Promise<readonly [copy: string, complete: string, apply: string, key: string]> {
  const text = await readFile(readme, 'utf8')
  const [, section = ''] = text.split('\n## Install on a cluster\n')
  const [, block = ''] = section.split('\n```console\n')
  const [console = ''] = block.split('\n```\n')
  const commands = console.split('\n').map(line => line.replace(/^\$ /, '').replace(/\s+# .*$/, ''))
  const [copy, complete, apply, key, ...more] = commands
  if (!copy || !complete || !apply || !key || more.length > 0) {
    throw new Error(`README.md: "Install on a cluster" does not have four commands, but ${commands.length}`)
  }
  return [copy, complete, apply, key]
}
