/** A CloudEvent in HTTP binary mode, as raw as it came or goes. Header names in any letter case. */
export interface HttpMessage {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}
