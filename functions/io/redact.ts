/**
 * Strikes out what looks like a token or a private key. Code that logs keeps secrets out by itself;
 * this is for the text of errors that come from elsewhere.
 */
export function redact(text: string): string {
  return text.replaceAll(secrets, '[redacted]')
}

// JWTs and JWEs, Tailscale's and Headscale's keys, and the private member of a JWK.
const secrets =
  /\beyJ[\w-]{10,}\.[\w-]*\.[\w.-]*|\b(?:tskey-[a-z]+|hskey-[a-z]+|privkey|nodekey-priv)[-:][\w:-]{8,}|"d"\s*:\s*"[\w-]{20,}"/g
