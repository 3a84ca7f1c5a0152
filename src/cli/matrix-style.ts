/** All there is. Colours follow the system; every text has a contrast of at least 4.5 to its ground. */
export const matrixStyle: string = `
:root {
  color-scheme: light dark;
  --ground: #f1f3f7; --card: #ffffff; --text: #1c2230; --quiet: #566074; --line: #d3d8e2; --accent: #3b5bdb; --hover: #e6ebfb;
  --yes: #1b6b3a; --yes-ground: #d9f0e1; --factor: #5b3a9e; --factor-ground: #ebe3fb; --approval: #0b5a7a; --approval-ground: #d8eef8;
  --depends: #7a4a00; --depends-ground: #fdecc8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151c; --card: #1b2029; --text: #e8ebf2; --quiet: #a3adc0; --line: #353d4b; --accent: #8ea5ff; --hover: #262e40;
    --yes: #9be0b4; --yes-ground: #17301f; --factor: #cdb8ff; --factor-ground: #2c2344; --approval: #8fd3f2; --approval-ground: #12303d;
    --depends: #ffd48a; --depends-ground: #3a2b10;
  }
}
[hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
main { max-width: max-content; min-width: min(100%, 60rem); margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 3rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.2; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.125rem; }
.facts { margin: 0.375rem 0 1.25rem; color: var(--quiet); font-size: 0.875rem; overflow-wrap: anywhere; }
.facts > * + *::before { content: '· '; }
code { font-family: ui-monospace, monospace; font-size: 0.8125rem; }
form { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; margin-bottom: 1rem; }
label { display: flex; flex-wrap: wrap; gap: 0 0.5rem; align-items: center; font-weight: 600; font-size: 0.875rem; }
input { width: 14rem; max-width: 100%; padding: 0.4375rem 0.75rem; font: inherit; font-weight: 400; color: inherit; background: var(--card); border: 1px solid var(--quiet); border-radius: 0.5rem; }
output { color: var(--quiet); font-size: 0.875rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 0.375rem 1.25rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 0.875rem; }
.legend li { display: flex; gap: 0.5rem; align-items: start; }
.sign { display: inline-block; flex: none; min-width: 1.75rem; padding: 0 0.25rem; border-radius: 0.375rem; text-align: center; font-weight: 700; font-size: 0.8125rem; line-height: 1.5rem; }
.yes { color: var(--yes); background: var(--yes-ground); }
.factor { color: var(--factor); background: var(--factor-ground); }
.approval { color: var(--approval); background: var(--approval-ground); }
.depends { color: var(--depends); background: var(--depends-ground); }
.no { color: var(--quiet); font-weight: 400; }
.quiet { color: var(--quiet); font-weight: 400; font-size: 0.875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.scroll { position: relative; overflow: auto; width: fit-content; max-width: 100%; max-height: 85vh; background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; }
table { border-collapse: separate; border-spacing: 0; }
thead th, thead td { position: sticky; top: 0; z-index: 2; background: var(--card); border-bottom: 1px solid var(--line); vertical-align: bottom; }
thead td, tbody th { position: sticky; left: 0; z-index: 1; background: var(--card); border-right: 1px solid var(--line); }
thead td { z-index: 3; }
thead th { padding: 0.625rem 0.25rem; font-weight: 600; font-size: 0.875rem; }
.name { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 13rem; overflow-wrap: anywhere; text-align: left; line-height: 1.25; }
.kind { color: var(--quiet); font-weight: 400; }
tbody th { padding: 0.25rem 0.875rem; text-align: left; font-weight: 600; font-size: 0.875rem; line-height: 1.3; overflow-wrap: anywhere; min-width: 9rem; max-width: 16rem; }
tbody th .quiet { display: block; font-size: 0.75rem; }
tbody td { position: relative; padding: 0.25rem; min-width: 2.5rem; text-align: center; }
.thing + .thing > * { border-top: 1px solid color-mix(in srgb, var(--line) 50%, transparent); }
.thing:hover > * { background: var(--hover); }
.group > * { padding: 0.875rem 0.875rem 0.25rem; color: var(--accent); }
.group th { border-right: 0; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin-top: 0.5rem; padding: 0 0.875rem; max-width: 60rem; overflow-wrap: anywhere; }
summary { padding: 0.625rem 0; cursor: pointer; }
.who { font-weight: 600; }
details ul { margin: 0 0 0.75rem; padding: 0; list-style: none; }
details li { display: grid; grid-template-columns: max-content 1fr; gap: 0.625rem; align-items: start; padding: 0.25rem 0; }
details b { font-weight: 600; }
details p { margin: 0 0 0.875rem; }
@media (max-width: 40rem) {
  tbody th { max-width: 9.5rem; min-width: 7.5rem; padding-inline: 0.625rem; }
  label, input { width: 100%; }
}
@media print { .scroll { max-height: none; overflow: visible; } form { display: none; } }
`
