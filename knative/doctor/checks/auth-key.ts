import * as v from 'valibot'
import { type Check, failure, fine } from '../finding.ts'
import { readPath } from '../read.ts'

const Secret = v.object({ data: v.object({ 'auth-key': v.pipe(v.string(), v.nonEmpty()) }) })

/** The Secret that login's pod waits for is there. Whether the tailnet still takes the key, it alone knows. */
export const authKey: Check = {
  name: 'auth key',
  look: async ({ api, config }) => {
    const name = `${config.install}-tailnet-auth-key`
    const { system } = config.namespaces
    const live = await readPath(api, `/api/v1/namespaces/${system}/secrets/${name}`)
    if (v.is(Secret, live)) return fine('login has a key to join the tailnet with')
    const says = live === undefined ? `there is no Secret ${name}` : `Secret ${name} has no entry auth-key`
    const make = `kubectl create secret generic ${name} -n ${system} --from-file=auth-key=./auth-key`
    const todo = live === undefined ? make : `${make} --dry-run=client -o yaml | kubectl apply -f -`
    return [failure(`${says} in ${system}: login cannot join the tailnet`, todo)]
  },
}
