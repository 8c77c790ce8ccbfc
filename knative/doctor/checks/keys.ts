import * as v from 'valibot'
import { type FunctionName, fromWireTime, functionNames } from '#events'
import { type PublicJwk, PublicJwks } from '#events/keys/key-set'
import { applyAgain } from '../apply-again.ts'
import { type Check, type Examined, type Finding, failure, fine, warning } from '../finding.ts'
import { readPath } from '../read.ts'

const ConfigMap = v.object({ data: v.object({ 'jwks.json': v.pipe(v.string(), v.parseJson(), PublicJwks) }) })
const Secret = v.object({ data: v.optional(v.record(v.string(), v.string()), {}) })
// Nothing else of it is read.
const KeyId = v.pipe(v.string(), v.parseJson(), v.object({ kid: v.string() }))

const soonMs = 30 * 86_400_000

/** Each function signs with a key that is published for it and counts, and for a while yet. */
export const keys: Check = {
  name: 'keys',
  look: async examined => {
    const { api, config } = examined
    const { install, namespaces } = config
    const make = `kubectl create job -n ${namespaces.system} make-keys --from=cronjob/keys`
    const map = await readPath(api, `/api/v1/namespaces/${namespaces.system}/configmaps/${install}-public-keys`)
    const published = v.safeParse(ConfigMap, map)
    if (!published.success)
      return [failure('there is no set of public keys that can be read', `${make}, and look at its log`)]
    const findings = await Promise.all(
      functionNames.map(owner => ofFunction(examined, owner, published.output.data['jwks.json'].keys, make)),
    )
    return findings.flat().length > 0
      ? findings.flat()
      : fine('every function’s key is published, and counts for a month or more')
  },
}

async function ofFunction(
  { api, config, now }: Examined,
  owner: FunctionName,
  published: readonly PublicJwk[],
  make: string,
): Promise<readonly Finding[]> {
  const { install, namespaces } = config
  const path = `/api/v1/namespaces/${namespaces.system}/secrets/${install}-${owner}-signing-key`
  const secret = v.safeParse(Secret, await readPath(api, path))
  if (!secret.success) return [failure(`the Secret of ${owner}’s key is not there`, applyAgain)]
  const { 'key.jwk.json': current, 'next.jwk.json': next } = secret.output.data
  const kid = v.safeParse(KeyId, Buffer.from(current ?? '', 'base64').toString())
  if (!kid.success) return [failure(`${owner} has no key`, make)]
  const key = published.find(jwk => jwk.kid === kid.output.kid)
  if (key?.function !== owner)
    return [failure(`nobody believes ${owner}: its key ${kid.output.kid} is not published for it`, make)]
  const [from, to] = [fromWireTime(key.notBefore), fromWireTime(key.notAfter)]
  if (now() < from || now() >= to)
    return [failure(`the key of ${owner} counts from ${key.notBefore} to ${key.notAfter}, not now`, make)]
  return [
    ...(to - now() < soonMs ? [warning(`the key of ${owner} counts until ${key.notAfter} only`, make)] : []),
    ...(next === undefined
      ? []
      : [warning(`a rotation of ${owner}’s key is under way, or half done`, `if no Job of it runs: ${make}`)]),
  ]
}
