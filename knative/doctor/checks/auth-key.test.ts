import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { examinedWith } from '../testing/examined-with.ts'
import { authKey } from './auth-key.ts'

const look = async (live?: unknown) => {
  const [found] = await authKey.look(examinedWith([], live))
  return `${found?.severity}: ${found?.says} → ${found?.todo}`
}

describe('the doctor on the auth key', () => {
  it('is content where there is one, and says nothing of it', async () => {
    const said = await look({ data: { 'auth-key': 'dHNrZXk=' } })
    assert.match(said, /^fine: /)
    assert.doesNotMatch(said, /dHNrZXk/)
  })

  it('finds that there is none, and says how to make it', async () => {
    assert.equal(
      await look(),
      'failure: there is no Secret tka-tailnet-auth-key in tka-system: login cannot join the tailnet → kubectl create secret generic tka-tailnet-auth-key -n tka-system --from-file=auth-key=./auth-key',
    )
  })

  it('finds one without the entry that login reads', async () => {
    for (const secret of [{}, { data: { key: 'dHNrZXk=' } }, { data: { 'auth-key': '' } }])
      assert.match(await look(secret), /^failure: Secret tka-tailnet-auth-key has no entry auth-key .*\| kubectl apply/)
  })
})
