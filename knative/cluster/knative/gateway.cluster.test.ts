import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { moduleDir } from '../../lab/programs.ts'

test('the gateway finds route and backend as KIngress has it (go test)', async () => {
  const env = { ...process.env, CGO_ENABLED: '0' }
  await promisify(execFile)('go', ['test', '-trimpath', './gateway'], { cwd: moduleDir('knative'), env })
})
