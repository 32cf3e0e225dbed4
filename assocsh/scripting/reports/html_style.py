"""The style of the HTML report: system fonts, one column, readable at any width."""

from __future__ import annotations

STYLE = """
:root { --ok: #0a6b3d; --bad: #b3261e; --dim: #5f6368; --line: #dadce0; --back: #f6f7f9; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; color: #1f2328; background: #fff;
  font: 16px/1.5 system-ui, sans-serif; }
header { border-left: .4rem solid var(--ok); padding: .2rem 1rem; background: var(--back); }
header.bad { border-color: var(--bad); }
h1 { margin: .2rem 0; font-size: 1.5rem; } h2 { font-size: 1.2rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: .8rem 0 .3rem; }
header p { margin: .2rem 0; color: var(--dim); }
section > ol, ul, ol { list-style: none; margin: 0; padding: 0; }
section { margin-top: 1.5rem; }
section.bad > h2, nav .bad a, li.bad > .row .result, .checks .bad { color: var(--bad); }
section.ok > h2, nav .ok a, .checks .ok { color: var(--ok); }
section > ol > li { border-bottom: 1px solid var(--line); }
.row { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; margin: 0;
  padding: .45rem .2rem; position: relative; }
summary { cursor: pointer; } summary:focus-visible { outline: 2px solid #0b57d0; }
details[open] { background: var(--back); padding-bottom: .6rem; }
details > :not(summary) { margin-left: 1rem; margin-right: .5rem; }
.line { color: var(--dim); min-width: 2ch; text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: .88em/1.45 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.hl { flex: 1 1 calc(100% - 4rem); max-width: calc(100% - 4rem); white-space: pre-wrap; }
@media (min-width: 48rem) { .row > .hl { flex: 1 1 20rem; } }
.result { color: var(--ok); } li.bad > details > .row .result { color: var(--bad); }
.skipped { color: var(--dim); } .skipped .result { color: var(--dim); }
.time { color: var(--dim); font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { flex: 0 0 100%; height: 3px; position: relative; }
.bar i { position: absolute; height: 3px; background: #0b57d0; border-radius: 2px; }
li.bad .bar i { background: var(--bad); }
.failure { border-left: .25rem solid var(--bad); background: #fff; padding: .5rem .8rem;
  overflow-x: auto; white-space: pre; }
.sentence { display: block; white-space: pre-wrap; overflow-wrap: anywhere; }
.checks { margin-top: .4rem; } .checks code { color: #1f2328; }
.exchange li { padding: .1rem 0; } .exchange .received code { color: #0b57d0; }
.exchange .state code { color: var(--dim); }
.exchange code { white-space: pre-wrap; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  :root { --ok: #6dd58c; --bad: #ff8a80; --dim: #a8acb3; --line: #3c4043; --back: #23262a; }
  body { color: #e8eaed; background: #17191c; } .failure { background: #17191c; }
  .checks code, .hl, .hl span { color: #e8eaed !important; }
  .exchange .received code { color: #8ab4f8; } .bar i { background: #8ab4f8; }
}
@media print { details > * { display: block; } .bar { display: none; } }
"""
