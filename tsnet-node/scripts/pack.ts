import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { buildGo, tellProgress } from '../src/build-go.ts'
import { platforms, programs, thisPlatform } from '../src/helper-cache.ts'
import { readManifest, stageHelper, stageMain } from './stage.ts'

const usage = `Usage: node scripts/pack.ts [--all] [--out <folder>]

Makes the tarballs to publish and prints their paths, the helpers' first, in the order to publish them in.

  --all           a helper for every platform (the default is this machine's alone)
  --out <folder>  where to put them; dist by default
  --help          this text`

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean' },
      out: { type: 'string', default: 'dist' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) console.log(usage)
  else await pack({ all: values.all ?? false, out: resolve(values.out) })
}

async function pack({ all, out }: { readonly all: boolean; readonly out: string }): Promise<void> {
  await mkdir(out, { recursive: true })
  const source = await readManifest()
  for (const platform of all ? platforms : [thisPlatform]) {
    const binary = await buildGo({ ...programs.helper, platform, log: tellProgress })
    console.log(await packed(out, dir => stageHelper(dir, source, platform, binary)))
  }
  console.log(await packed(out, dir => stageMain(dir, source)))
}

async function packed(out: string, stage: (dir: string) => Promise<void>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tsnet-node-pack-'))
  try {
    await stage(dir)
    const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--pack-destination', out], { cwd: dir })
    const [{ filename }] = JSON.parse(stdout)
    return join(out, filename)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
