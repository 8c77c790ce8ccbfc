import { it } from 'node:test'
import { startLab } from '../lab/index.ts'
import { openApi } from './api.ts'

it('a watch that is left early troubles nobody when its signal comes', async () => {
  await using lab = await startLab()
  using api = await openApi(lab.kubeconfig)
  const watching = new AbortController()
  for await (const _change of api.watch('/api/v1/namespaces', {}, watching.signal)) break
  watching.abort()
  // By its answer an error that nobody waits for would have ended the process.
  await api.call('GET', '/api/v1/namespaces')
})
