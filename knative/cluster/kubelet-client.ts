import { join } from 'node:path'
import { run } from './command.ts'

/**
 * Makes the certificate by which the kubelet knows the API server (`kubectl logs`, `exec`), which has no other way to say
 * who it is: signed by itself, and the only one that the kubelet trusts.
 */
export async function makeKubeletClient(dir: string): Promise<{ readonly certFile: string; readonly keyFile: string }> {
  const [certFile, keyFile] = [join(dir, 'kubelet-client.crt'), join(dir, 'kubelet-client.key')]
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'],
    ...['-subj', '/O=system:masters/CN=kube-apiserver', '-addext', 'extendedKeyUsage=clientAuth'],
    ...['-keyout', keyFile, '-out', certFile],
  ])
  return { certFile, keyFile }
}
