import { hash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { style } from './style.ts'

/** A piece of HTML; what is put into it is escaped unless it is one itself. */
export type Html = ReturnType<typeof html>

/** A whole page. */
export interface Document {
  readonly title: string
  readonly body: Html
  /** After how many seconds the browser looks again, for as long as there is something to look for. */
  readonly refreshSeconds?: number | undefined
}

/** A badge on a strap, in a colour that stands out on light and dark tabs. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#3b82f6" stroke-width="1.6">' +
  '<rect x="3" y="4.5" width="10" height="10.5" rx="2"/><path d="M8 1v3.5M5.5 12.5h5"/><circle cx="8" cy="8.5" r="1.6"/></svg>'

/** Puts a page together: no script, and nothing that the browser has to ask for. */
export function renderDocument({ title, body, refreshSeconds }: Document): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refreshSeconds === undefined ? '' : html`<meta http-equiv="refresh" content="${refreshSeconds}">`}
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>${raw(style)}</style>
</head>
<body>
${body}
</body>
</html>
`
}

/** The Content-Security-Policy of a page: its own stylesheet by its hash, its icon, its own forms, and nothing else. */
export function documentPolicy(): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${hash('sha256', style, 'base64')}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
