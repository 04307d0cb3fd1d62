"""The style sheet of the page: system fonts, light and dark, fit for print."""

CSS = """
:root { color-scheme: light dark; --page: #ffffff; --card: #f6f7f8; --ink: #1c2126; --quiet: #5c6670;
  --line: #dde1e5; --accent: #2f6fb5; --good: #1f7a4d; --warn: #a35a00; --open: #6b4fa3; --tint: 47, 111, 181;
  --tint-minus: 196, 84, 40; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --card: #1c2024; --ink: #e7e9ea; --quiet: #9aa4ad; --line: #31373d;
  --accent: #7ab3ee;
    --good: #5cc391; --warn: #e9a64f; --open: #b9a2ec; --tint: 90, 155, 225; --tint-minus: 225, 120, 75; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header, footer { max-width: 1060px; margin: 0 auto; padding: 0 28px; }
header { padding-top: 44px; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 44px 0 6px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 28px 0 6px; }
p { max-width: 78ch; margin: 8px 0 12px; overflow-wrap: anywhere; }
a { color: var(--accent); }
.kicker { color: var(--quiet); margin: 0 0 18px; }
.verdict { display: flex; gap: 14px; align-items: baseline; border: 1px solid var(--line);
  border-left: 6px solid;
  border-radius: 6px; background: var(--card); padding: 14px 20px; margin: 18px 0; }
.verdict strong { font-size: 1.15rem; color: inherit; overflow-wrap: anywhere; }
.verdict .remark { display: block; color: var(--ink); }
.verdict .mark { font-size: 1.3rem; line-height: 1; font-weight: 700; }
.variational { color: var(--good); } .not-variational { color: var(--warn); }
.undetermined { color: var(--open); }
.theory { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 18px 22px;
  overflow-x: auto; }
.theory math { font-size: 1.35rem; margin: 10px 0; }
.theory .role { color: var(--quiet); font-size: 0.85rem; margin: 12px 0 0; }
.theory .role:first-child { margin-top: 0; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "XITS Math", math, serif; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin: 18px 0;
  padding: 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 12px 16px; }
.figures dt { color: var(--quiet); font-size: 0.82rem; line-height: 1.35; }
.figures dd { margin: 2px 0 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures dd small { display: block; font-size: 0.8rem; font-weight: 400; color: var(--quiet); }
nav { margin: 8px 0 0; font-size: 0.9rem; display: flex; flex-wrap: wrap; gap: 4px 18px; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
figure { margin: 18px 0 22px; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; min-width: 620px; color: var(--ink); }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figure svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
  sans-serif !important; }
figcaption, caption { color: var(--quiet); font-size: 0.88rem; line-height: 1.45; text-align: left; }
figcaption { max-width: 92ch; margin-top: 8px; }
caption { padding-bottom: 6px; }
.scroll { overflow-x: auto; margin: 16px 0; }
sup, sub { line-height: 0; }
.scroll table { min-width: min(100%, 560px); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.93rem; }
th, td { padding: 5px 14px 5px 0; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: baseline; }
thead th { color: var(--quiet); font-weight: 600; font-size: 0.85rem; border-bottom-color: var(--quiet); }
td.n, th.n { text-align: right; white-space: nowrap; }
tbody th { font-weight: 500; }
tr.chosen > * { font-weight: 650; }
.matrices { display: flex; flex-wrap: wrap; gap: 18px 44px; align-items: flex-start; }
.matrix th, .matrix td { border: 0; padding: 7px 12px; text-align: right; }
.matrix td { border: 2px solid var(--page); border-radius: 4px; min-width: 5.2em; }
.matrix th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
details { margin: 12px 0; }
summary { cursor: pointer; color: var(--accent); font-size: 0.93rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 12px 16px;
  margin: 8px 0;
  font-size: 0.82rem; line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24em;
  overflow-y: auto; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.9em;
  overflow-wrap: anywhere; }
dl.record { display: grid; grid-template-columns: max-content 1fr; gap: 4px 22px; margin: 12px 0; }
dl.record dt { color: var(--quiet); } dl.record dd { margin: 0; overflow-wrap: anywhere; }
.theory p:not(.role) { margin: 4px 0; }
.note { border-left: 4px solid var(--warn); padding: 4px 0 4px 16px; }
footer { margin: 56px auto 48px; color: var(--quiet); font-size: 0.85rem; }
@media (max-width: 640px) { main, header, footer { padding-left: 16px; padding-right: 16px; }
  dl.record { grid-template-columns: 1fr; } dl.record dd { margin-bottom: 8px; } }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #bbb;
  --accent: #000;
    --good: #135c38; --warn: #7d4500; --open: #4b3480; --tint: 47, 111, 181; --tint-minus: 196, 84, 40; }
  body { font-size: 10.5pt; } main, header, footer { max-width: none; padding: 0; } nav { display: none; }
  figure, table, .theory, .verdict, .figures div { break-inside: avoid; } h2, h3 { break-after: avoid; }
  figure svg { min-width: 0; } pre { max-height: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
