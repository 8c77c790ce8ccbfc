import * as v from 'valibot'
import { applyAgain } from '../apply-again.ts'
import { type Check, failure, fine, warning } from '../finding.ts'

const Minted = v.object({
  spec: v.object({ audiences: v.array(v.string()) }),
  status: v.object({ expirationTimestamp: v.string() }),
})
const yearSeconds = 365 * 86_400
const hours = (seconds: number) => `${(seconds / 3600).toFixed(1)} h`

/** The API server's tokens are for whom the guard takes it to be, and shortened to what sessions need, not below it. */
export const tokens: Check = {
  name: 'tokens',
  look: async ({ api, config, audiences, now }) => {
    // A token of the one identity that may do nothing; nobody keeps it.
    const path = `/api/v1/namespaces/${config.namespaces.system}/serviceaccounts/deadletter/token`
    const body = { spec: { expirationSeconds: yearSeconds } }
    const answer = await api.call('POST', path, { query: { dryRun: 'All' }, body })
    const { spec, status } = v.parse(Minted, answer)
    if (audiences && !spec.audiences.every(audience => audiences.includes(audience)))
      return [
        failure(
          `the guard refuses every session: the API server's tokens are for ${spec.audiences.join(' and ')}`,
          `write audiences: [${spec.audiences.join(', ')}] into guard.yaml (without an overlay: into the description that render.ts is given), then ${applyAgain}`,
        ),
      ]
    const longest = (Date.parse(status.expirationTimestamp) - now()) / 1000
    const { maxSessionSeconds } = config
    if (longest < maxSessionSeconds - 60)
      return [
        warning(
          `the API server gives tokens of ${hours(longest)} at most, a session may last ${hours(maxSessionSeconds)}`,
          'people fetch their kubeconfig again when its token ends, or: lower maxSession, or raise --service-account-max-token-expiration',
        ),
      ]
    if (longest > yearSeconds - 60)
      return [
        warning(
          'the API server gives tokens of a year and more to whoever asks',
          `set --service-account-max-token-expiration, at least ${hours(maxSessionSeconds)}; the guard bounds the provisioner’s own without it`,
        ),
      ]
    return fine(`the API server gives tokens of ${hours(longest)} at most`)
  },
}
