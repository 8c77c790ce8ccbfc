import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { helperModule } from '../src/helper-cache.ts'

test('the helper’s parts that need no tailnet hold (go test)', async () => {
  const env = { ...process.env, CGO_ENABLED: '0' }
  await promisify(execFile)('go', ['test', '-trimpath', '.', './internal/...'], { cwd: helperModule, env })
})
