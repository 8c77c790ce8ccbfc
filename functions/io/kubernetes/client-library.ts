/**
 * What we use of the client library: the bundler leaves out the rest, which is most of it. Import it where it is needed first, and
 * not at the start of a file: it is the biggest dependency of a start.
 */
export {
  AuthorizationV1Api,
  CoordinationV1Api,
  CoreV1Api,
  createConfiguration,
  RbacAuthorizationV1Api,
  ResponseContext,
  ServerConfiguration,
  V1MicroTime,
  wrapHttpLibrary,
} from '@kubernetes/client-node'
