import * as v from 'valibot'

/** The path that every route of the API begins with. */
export const apiPath = '/api/v1alpha1'

const Message = v.pipe(v.string(), v.nonEmpty(), v.description('For the person; the published client prints it.'))

/** A person's session, as login, "am I signed in" and logout answer it. */
export const SessionBody = v.strictObject({
  username: v.pipe(v.string(), v.description('Name of the person’s ServiceAccount.')),
  role: v.pipe(
    v.string(),
    v.description('Empty where the rules of the device that asks do not give the role, and where it is not known.'),
  ),
  until: v.pipe(
    v.string(),
    v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
    v.description('End of the session: RFC 3339, UTC, whole seconds.'),
  ),
  message: v.exactOptional(Message),
})
export type SessionBody = v.InferOutput<typeof SessionBody>

/** A session with something to say about it. */
export const SessionWithMessage = v.strictObject({ ...SessionBody.entries, message: Message })

/** Where the cluster is. */
export const ClusterInfoBody = v.strictObject({
  server_url: v.pipe(v.string(), v.url()),
  insecure_skip_tls_verify: v.literal(false),
  ca_data: v.pipe(v.string(), v.minLength(20), v.description('Base64 of the PEM of the API server’s CA.')),
  labels: v.record(v.string(), v.string()),
})
export type ClusterInfoBody = v.InferOutput<typeof ClusterInfoBody>

/** What a person may have, from the device that asks. */
export const RolesBody = v.strictObject({
  roles: v.array(
    v.strictObject({
      role: v.string(),
      period: v.pipe(v.string(), v.regex(/^(\d+h)?(\d+m)?(\d+s)?$/), v.description('How long, such as 8h or 1h30m.')),
      namespaces: v.exactOptional(
        v.pipe(v.array(v.string()), v.readonly(), v.description('Absent: the whole cluster.')),
      ),
    }),
  ),
})
export type RolesBody = v.InferOutput<typeof RolesBody>

/** What this is and who you are. */
export const HomeBody = v.strictObject({
  service: v.literal('tka'),
  cluster: v.string(),
  api: v.literal(apiPath),
  openapi: v.literal('/openapi.json'),
  login: v.pipe(v.string(), v.description('Your full login name in the tailnet.')),
  node: v.pipe(v.string(), v.description('The device that you ask from.')),
})
export type HomeBody = v.InferOutput<typeof HomeBody>
