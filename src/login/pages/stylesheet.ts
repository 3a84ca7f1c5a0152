/** All there is. Colours follow the system; every text has a contrast of at least 4.5 to its ground. */
export const stylesheet: string = `
:root {
  color-scheme: light dark;
  --ground: #f1f3f7; --card: #ffffff; --text: #1c2230; --quiet: #566074; --line: #8a93a5;
  --accent: #3b5bdb; --on-accent: #ffffff;
  --alert: #a61b1b; --alert-ground: #fdecec; --good: #1b6b3a; --good-ground: #e7f6ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151c; --card: #1b2029; --text: #e8ebf2; --quiet: #a3adc0; --line: #6b7588;
    --accent: #8ea5ff; --on-accent: #10131a;
    --alert: #ffb4b4; --alert-ground: #3a1d1f; --good: #9be0b4; --good-ground: #17301f;
  }
}
[hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: 1rem;
  display: grid; place-items: center;
  background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
.card {
  width: 100%; max-width: 24rem; padding: 2rem;
  background: var(--card); border: 1px solid color-mix(in srgb, var(--line) 40%, transparent);
  border-radius: 0.75rem; overflow-wrap: anywhere;
}
.card.wide { max-width: 44rem; }
.brand { display: flex; align-items: center; gap: 0.5rem; margin: 0; color: var(--quiet); }
h1 { margin: 0.25rem 0 1.25rem; font-size: 1.5rem; line-height: 1.2; }
form { display: grid; gap: 0.375rem; }
label { margin-top: 0.625rem; font-weight: 600; }
input {
  width: 100%; padding: 0.625rem 0.75rem; font: inherit;
  color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 0.5rem;
}
button, .button {
  margin-top: 1.25rem; padding: 0.6875rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid transparent; border-radius: 0.5rem;
}
.button { display: block; text-align: center; text-decoration: none; }
button:hover, .button:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
dl { margin: 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); gap: 0 1rem; }
dt { color: var(--quiet); font-size: 0.875rem; }
dd { margin: 0 0 0.75rem; font-weight: 600; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.125rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
.items, .events { margin: 0.75rem 0 0; padding: 0; list-style: none; }
.items > li { padding: 0.875rem 0; border-top: 1px solid color-mix(in srgb, var(--line) 40%, transparent); }
.events > li { padding: 0.375rem 0; }
.events .hint, .events a { display: block; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; margin-top: 0.25rem; font-size: 0.875rem; }
.facts dd { margin: 0; font-weight: 400; }
.tag { padding: 0 0.5rem; border: 1px solid transparent; font-size: 0.8125rem; color: var(--good); background: var(--good-ground); border-radius: 1rem; }
.passkey { margin-top: 0.75rem; display: grid; }
button.second { margin-top: 0; color: var(--accent); background: transparent; border-color: var(--line); }
button + .second { margin-top: 0.375rem; }
button.quiet { margin-top: 0.625rem; padding: 0.375rem 0.875rem; justify-self: start; color: var(--accent); background: transparent; border-color: var(--line); }
input.code, dd.code { font-family: ui-monospace, monospace; letter-spacing: 0.1em; }
dd.code { font-size: 1.25rem; }
summary { margin-top: 1.5rem; color: var(--accent); cursor: pointer; }
.qr { display: block; width: min(100%, 15rem); margin: 0 auto 1rem; border-radius: 0.5rem; }
code { display: inline-block; font-family: ui-monospace, monospace; }
.exact { font-family: ui-monospace, monospace; }
pre { margin: 0; padding: 0.75rem; font-size: 0.875rem; white-space: pre-wrap; border: 1px solid var(--line); border-radius: 0.5rem; }
.button + form { margin-top: 0.625rem; }
.secret, .codes { font-size: 0.875rem; user-select: all; }
.codes { margin: 0; padding: 0.75rem; list-style: none; border: 1px solid var(--line); border-radius: 0.5rem; }
.hint { margin: 0; color: var(--quiet); font-size: 0.875rem; }
.hint + form { margin-top: 1rem; }
.links { margin: 1.25rem 0 0; }
.alert, .notice { margin: 0 0 1rem; padding: 0.625rem 0.75rem; border: 1px solid transparent; border-radius: 0.5rem; }
.alert { color: var(--alert); background: var(--alert-ground); }
.notice { color: var(--good); background: var(--good-ground); }
@media (min-width: 40rem) {
  .items > li { display: grid; grid-template-columns: 1fr max-content; gap: 0 1rem; }
  .items h3, .items dl { grid-column: 1; }
  .items form { grid-area: 1 / 2 / span 2; align-self: start; }
  .items form.below { grid-area: auto / 1 / auto / 3; grid-template-columns: 1fr max-content; gap: 0.375rem 1rem; }
  .items .below label { grid-column: 1 / 3; }
  .items button { margin-top: 0; }
}
@media (max-width: 26rem) { .card { padding: 1.25rem; } }
`
