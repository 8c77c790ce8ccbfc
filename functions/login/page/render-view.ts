import { html } from 'hono/html'
import { formatSeconds } from '#core/duration'
import { formatInstant } from '#core/instant'
import { type Html, renderDocument } from './document.ts'
import { problemText } from './render-problem.ts'
import type { Badge, Offer, Sessions, View } from './view.ts'
import { reachInWords, timeLeftInWords } from './words.ts'

/** While a session is being made, how often the page looks for it. */
const pendingRefreshSeconds = 2

/** The page of a person; `command` is what puts their kubeconfig into a file. */
export function renderView(view: View, command: string): Html {
  const { cluster, badge } = view
  return renderDocument({
    title: `${titleOf(badge)}: cluster ${cluster}`,
    refreshSeconds: badge.kind === 'pending' ? pendingRefreshSeconds : undefined,
    body: html`${who(view)}
<main>
${badgeSection(view)}
${badge.kind === 'live' ? commandSection(command) : ''}
${offersSection(view)}
${view.sessions === undefined ? '' : sessionsSection(view.sessions, view.now)}
</main>
<footer class="quiet">As of ${instant(view.now)}. <a href="/">Look again</a></footer>`,
  })
}

function titleOf({ kind }: Badge): string {
  if (kind === 'live' || kind === 'elsewhere') return 'You have a badge'
  if (kind === 'unknown') return 'You may have a badge'
  return kind === 'pending' ? 'Your badge is being made' : 'You have no badge'
}

function who({ cluster, person: { displayName, login, device } }: View): Html {
  return html`<header>
<h1>Kubernetes cluster ${cluster}</h1>
<dl>
<dt>You are</dt><dd>${displayName === '' || displayName === login ? '' : html`<bdi>${displayName}</bdi>, `}<bdi>${login}</bdi></dd>
<dt>on device</dt><dd><bdi>${device}</bdi></dd>
</dl>
</header>`
}

function badgeSection({ badge, now }: View): Html {
  const { tone, body } = badgeBody(badge, now)
  return html`<section class="${tone}" aria-labelledby="badge">
<h2 id="badge">Your badge</h2>
${body}
</section>`
}

function badgeBody(
  badge: Badge,
  now: number,
): { readonly tone: 'good' | 'wait' | 'bad' | 'none'; readonly body: Html } {
  switch (badge.kind) {
    case 'none':
      return { tone: 'none', body: html`<p class="state">You have no badge.</p>` }
    case 'ended':
      return {
        tone: 'none',
        body: html`<p class="state">You have no badge.</p>
<p>The last one ended at ${instant(badge.endedAt)}; it gives access no more.</p>`,
      }
    case 'failed':
      return {
        tone: 'bad',
        body: html`<p class="state">Your last login failed.</p>
<p>The cluster did not answer in time. Try again in a moment.</p>`,
      }
    case 'unknown':
      return {
        tone: 'bad',
        body: html`<p class="state">It cannot be told whether you have a badge.</p>
<p>The cluster does not answer. Try again in a moment.</p>
${logoutForm('Log out')}
<p class="quiet">Logging out ends whatever you have, on all your devices.</p>`,
      }
    case 'pending':
      return {
        tone: 'wait',
        body: html`<p class="state">Your badge is being made.</p>
<p>This page looks again every ${pendingRefreshSeconds} seconds.</p>
${logoutForm('Cancel')}`,
      }
    case 'live':
      return {
        tone: 'good',
        body: html`<p class="big">${badge.role}</p>
<p class="quiet">in ${reachInWords(badge.namespaces)}</p>
<p class="state">${left(badge.validUntil, now)}</p>
${logoutForm('Log out')}
<p class="quiet">Logging out ends it on all your devices.</p>`,
      }
    case 'elsewhere':
      return {
        tone: 'wait',
        body: html`<p class="state">You have a badge whose rights this device does not give you.</p>
<p>${left(badge.validUntil, now)}. A badge that you get here takes its place.</p>
${logoutForm('Log out')}
<p class="quiet">Logging out ends it on all your devices.</p>`,
      }
  }
}

function commandSection(command: string): Html {
  return html`<section aria-labelledby="kubectl">
<h2 id="kubectl">Use it with kubectl</h2>
<label for="command">Run this in a terminal on this device</label>
<textarea id="command" readonly spellcheck="false" aria-describedby="command-hint">${command}</textarea>
<p class="quiet" id="command-hint">Select all of it in the field, then copy. The file holds your token: it is for you alone.</p>
</section>`
}

function offersSection({ offers, refusal, badge }: View): Html {
  return html`<section aria-labelledby="offers"${refusal === undefined ? '' : html` class="bad"`}>
<h2 id="offers">What you may have</h2>
${
  refusal === undefined
    ? html`<ul>${offers.map((offer, at) => offerItem(offer, { badge, first: at === 0, only: offers.length === 1 }))}</ul>`
    : html`<p class="state">${refusal.kind.title}.</p>
${problemText(refusal)}`
}
</section>`
}

function offerItem(offer: Offer, place: { badge: Badge; first: boolean; only: boolean }): Html {
  const { role, namespaces, periodSeconds } = offer
  return html`<li>
<div><strong>${role}</strong> in ${reachInWords(namespaces)}, for ${formatSeconds(periodSeconds)}</div>
${place.badge.kind === 'pending' ? '' : loginForm(offer, place)}
</li>`
}

function loginForm(
  { role, held }: Offer,
  { badge, first, only }: { badge: Badge; first: boolean; only: boolean },
): Html {
  const has = badge.kind === 'live' || badge.kind === 'elsewhere'
  return html`<form method="post" action="/login?role=${encodeURIComponent(role)}">
<button${has || !first ? html` class="second"` : ''}>${wordOf()}</button>
</form>`

  function wordOf(): string {
    if (held) return 'Renew'
    if (has) return `Switch to ${role}`
    return only ? 'Get the badge' : `Get ${role}`
  }
}

function sessionsSection({ current, people }: Sessions, now: number): Html {
  return html`<section aria-labelledby="sessions">
<h2 id="sessions">In the cluster now: ${people.length}</h2>
${current ? '' : html`<p>The cluster does not answer: this list may be out of date.</p>`}
${
  people.length === 0
    ? html`<p>Nobody has a badge.</p>`
    : html`<ul>${people.map(
        ({ login, own, role, namespaces, validUntil }) => html`<li>
<div><bdi>${login}</bdi>${own ? ' (you)' : ''}</div>
<div class="quiet">${role} in ${reachInWords(namespaces)}, ${timeLeft(validUntil, now)} left</div>
</li>`,
      )}</ul>`
}
</section>`
}

function logoutForm(word: string): Html {
  return html`<form method="post" action="/logout"><button class="second">${word}</button></form>`
}

function left(validUntil: number, now: number): Html {
  return html`${timeLeft(validUntil, now)} left, until ${instant(validUntil)}`
}

function timeLeft(validUntil: number, now: number): Html {
  return html`<time datetime="${formatInstant(validUntil)}">${timeLeftInWords(validUntil - now)}</time>`
}

function instant(at: number): Html {
  const text = formatInstant(at)
  return html`<time datetime="${text}">${text.slice(0, 16).replace('T', ' ')} UTC</time>`
}
