// Everybody of `example.com` may have what their rule says, for a second or longer, and ask as often as they like.
import { unlimited } from '../lab/unlimited.ts'

/** The offered roles of a stand. */
export const roles = [
  { name: 'view', scope: 'cluster', maxPeriod: '8h' },
  { name: 'edit', scope: 'namespaced', maxPeriod: '8h' },
] as const

/** What a stand's config.yaml says beside its roles. */
export const config = {
  homeDomain: 'example.com',
  period: { minimum: '1s', maximum: '8h' },
  login: { limits: unlimited },
} as const
