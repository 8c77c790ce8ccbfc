/**
 * Where the owner keeps the node's state (its keys). Every write is awaited before the node goes on, so a value that
 * `write` resolved for must survive a crash. Values are small (a few KiB in all) and secret.
 */
export interface StateStore {
  /** Resolves to `undefined` for a key that was never written. */
  readonly read: (key: string) => Promise<Uint8Array | undefined>
  /** Writes are made one at a time. An empty value deletes. One that was rejected is made again by the next `up`. */
  readonly write: (key: string, value: Uint8Array) => Promise<void>
}

/** How to join a tailnet. One of `stateDir`, `stateStore` and `ephemeral: true` says where the state is. */
export interface TailscaleNodeOptions {
  /** Name in the tailnet. */
  readonly hostname: string
  /** Used while the node is not logged in yet; travels to the helper over a private socket, never in argv or environment. */
  readonly authKey?: string | undefined
  /**
   * OAuth client secret, changed for an auth key with the `tags`, which it needs, at each start of the helper. The key is
   * preauthorized, and ephemeral if the node is; attributes of your own (`tskey-client-…?ephemeral=false`) win.
   */
  readonly clientSecret?: string | undefined
  /** Directory of the state, made with mode 0700 and locked against a second node. */
  readonly stateDir?: string | undefined
  /** Functions that keep the state elsewhere. */
  readonly stateStore?: StateStore | undefined
  /** Control server; Tailscale's own by default. A Headscale URL works. */
  readonly controlUrl?: string | undefined
  /** The tailnet forgets the node soon after it is gone. Without stateDir or stateStore the state is in memory alone. */
  readonly ephemeral?: boolean | undefined
  /** Tags to ask for, such as `['tag:tka']`. */
  readonly tags?: readonly string[] | undefined
  /** UDP port of WireGuard, 41641 by default; a fixed port lets peers find a restarted node at once. 0 picks any. */
  readonly port?: number | undefined
  /**
   * How many connections from the tailnet are open at once, 4096 by default. One address can have a quarter of them; what is
   * more is closed, and told by the event `drop`.
   */
  readonly maxConnections?: number | undefined
  /** The helper binary; see the README for where it is looked for otherwise. */
  readonly helperPath?: string | undefined
  /** Environment for the helper beyond a short allow-list. Not for secrets. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /**
   * Wait for a person, who opens the URL of the `authUrl` event or approves the node (state `NeedsMachineAuth`), instead of
   * rejecting `up` with `ERR_TSNET_NEEDS_LOGIN` or `ERR_TSNET_NEEDS_APPROVAL`.
   */
  readonly interactive?: boolean | undefined
  /** Emit the helper's own log as `log` events of level `debug`. */
  readonly verbose?: boolean | undefined
}

/** What a listener listens on. */
export interface ListenOptions {
  /** TCP port on the tailnet. */
  readonly port: number
  /**
   * End TLS in the helper with the tailnet's certificate for this node. It offers `http/1.1`, or in `serve` what the server
   * speaks, or the protocols of `alpn`.
   */
  readonly tls?: boolean | { readonly alpn: readonly string[] } | undefined
  /**
   * `'refuse'` (the default) closes connections from addresses the tailnet does not know, or whose WhoIs failed, before
   * they reach the program; `'accept'` hands them over with an identity of kind `'unknown'`.
   */
  readonly unknownPeers?: 'refuse' | 'accept' | undefined
  /** As of `net.createServer`; `serve` takes it from the server by default. */
  readonly allowHalfOpen?: boolean | undefined
  /** Bounds the call alone: to stop listening later, close the listener. */
  readonly signal?: AbortSignal | undefined
}

/** A certificate with its key, both as PEM. */
export interface CertPair {
  /** The certificate and those that it rests on. */
  readonly cert: string
  readonly key: string
}

/** What bounds a call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Bounds of one WhoIs question. */
export interface WhoIsOptions extends CallOptions {
  /** Accept an answer asked for no longer ago than this, in milliseconds; 0 (the default of `whoIs`) asks again. */
  readonly maxAgeMs?: number | undefined
}
