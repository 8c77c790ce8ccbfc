import { html } from 'hono/html'
import { type Problem, problemBody } from '#core/problem'
import { type Html, renderDocument } from './document.ts'

/** The page of a problem: the words that a program gets as JSON, and the way back. */
export function renderProblem(problem: Problem): Html {
  return renderDocument({
    title: problem.kind.title,
    body: html`<main>
<section class="bad">
<h1>${problem.kind.title}</h1>
${problemText(problem)}
<p><a href="/">Back to your badge</a></p>
</section>
</main>`,
  })
}

/** What a problem says below its title: the detail and the advice. */
export function problemText(problem: Problem): Html {
  const { detail, advice } = problemBody(problem)
  return html`${detail === undefined ? '' : html`<p>${detail}</p>`}
${advice.length === 0 ? '' : html`<ul class="advice">${advice.map(text => html`<li>${text}</li>`)}</ul>`}`
}
