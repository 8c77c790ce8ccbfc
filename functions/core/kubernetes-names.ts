const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const labelValue = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

/** True for a DNS label (RFC 1123), the form of namespaces' and of our ServiceAccounts' names. */
export function isDnsLabel(text: string): boolean {
  return dnsLabel.test(text)
}

/** True for a non-empty label value of Kubernetes: at most 63 characters, alphanumeric at both ends. */
export function isLabelValue(text: string): boolean {
  return labelValue.test(text)
}
