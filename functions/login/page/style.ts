/** The page's one stylesheet. It stands inside the page; the Content-Security-Policy lets in exactly this text, by its hash. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f3f4f6; --card: #ffffff; --line: #d3d7dd; --control: #6f7782;
  --text: #1b1f24; --quiet: #555d67; --link: #0b57d0;
  --action: #0b57d0; --on-action: #ffffff;
  --good: #146c2e; --wait: #7a4f00; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111417; --card: #1b1f24; --line: #3a4149; --control: #8b939d;
    --text: #e7eaee; --quiet: #a9b1bb; --link: #9cc2ff;
    --action: #9cc2ff; --on-action: #0a1f3d;
    --good: #7fd894; --wait: #f0c04c; --bad: #ffb4ab;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem 1rem 2rem; max-width: 42rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, p, dl, dd, ul { margin: 0; }
h1 { font-size: 1.375rem; line-height: 1.3; }
h2 { font-size: 1rem; }
ul { padding: 0; list-style: none; }
a { color: var(--link); }
header, footer { padding-inline: 0.25rem; }
header { padding-bottom: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; margin-top: 0.25rem; }
dt, .quiet { color: var(--quiet); }
section {
  margin-bottom: 1rem; padding: 1rem 1.25rem 1.25rem;
  background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
}
section > * + * { margin-top: 0.75rem; }
.good, .wait, .bad, .none { border-top: 0.375rem solid var(--tone); }
.good { --tone: var(--good); }
.wait { --tone: var(--wait); }
.bad { --tone: var(--bad); }
.none { --tone: var(--control); }
.state { color: var(--tone); font-weight: 600; }
.none .state { color: inherit; }
.big { font-size: 1.375rem; font-weight: 600; line-height: 1.3; }
.big + .quiet { margin-top: 0; }
li { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; }
li + li { border-top: 1px solid var(--line); margin-top: 0.75rem; padding-top: 0.75rem; }
li > div { flex: 1 1 12rem; }
li > div + div { flex: 1.5 1 16rem; }
.advice li { display: list-item; list-style: disc; margin: 0 0 0 1.25rem; padding: 0; border: 0; }
button {
  min-height: 2.75rem; padding: 0.5rem 1.25rem;
  border: 1px solid var(--action); border-radius: 0.5rem;
  background: var(--action); color: var(--on-action);
  font: inherit; font-weight: 600; cursor: pointer;
}
button.second { background: transparent; color: var(--link); border-color: var(--control); }
label { display: block; font-weight: 600; }
textarea {
  display: block; width: 100%; min-height: 9rem; field-sizing: content; margin: 0.375rem 0; padding: 0.625rem 0.75rem; resize: vertical;
  border: 1px solid var(--control); border-radius: 0.5rem; background: var(--page); color: var(--text);
  font: 0.875rem/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
@media (max-width: 30rem) {
  body { padding-inline: 0.625rem; }
  section { padding-inline: 0.875rem; }
  form, button { width: 100%; }
}
`
