/** The page's style sheet. It stands in the page itself, and a content security policy can name it by its hash. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --sheet: #fff; --line: #d9dee5; --head: #eef1f5; --text: #1b222c; --soft: #56616f;
  --up: #116b3a; --up-ground: #d8f3e2; --warn: #7a4b00; --warn-ground: #fdebc4; --down: #9b1c1c;
  --down-ground: #fbdcdc; --drain: #1d4f91; --drain-ground: #dbe8fb; --off: #474f5b; --off-ground: #e3e7ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --sheet: #1b2027; --line: #323a45; --head: #232a33; --text: #e4e9f0; --soft: #9ca8b7;
    --up: #86e3ad; --up-ground: #123d26; --warn: #f6cf7d; --warn-ground: #46330c; --down: #ffabab;
    --down-ground: #551a1d; --drain: #a8cbff; --drain-ground: #1b3559; --off: #bcc6d2; --off-ground: #38414c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 20px 16px 40px; background: var(--ground); color: var(--text); font: 12.5px/1.4 system-ui, sans-serif; }
main { max-width: 1500px; margin: 0 auto; }
header { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; }
h1 { margin: 0; font-size: 19px; }
header p { margin: 0; color: var(--soft); }
header nav { margin-left: auto; }
a { color: var(--drain); }
nav a + a { margin-left: 12px; }
.scroll { overflow-x: auto; margin-top: 20px; }
table { width: 100%; border-collapse: collapse; background: var(--sheet); font-variant-numeric: tabular-nums; }
caption { padding-bottom: 6px; text-align: left; font-size: 14px; font-weight: 600; }
th, td { padding: 4px 5px; border: 1px solid var(--line); text-align: right; vertical-align: baseline; white-space: nowrap; }
thead th { background: var(--head); color: var(--soft); font-size: 11px; font-weight: 600; }
thead th[colspan], thead th[rowspan] { text-align: center; }
tbody th, .text, thead th.text { text-align: left; }
th[scope=row] { font-weight: 400; }
tbody th { overflow-wrap: anywhere; white-space: normal; min-width: 96px; }
tbody + tbody { border-top: 3px solid var(--line); }
.backend > * { background: var(--head); font-weight: 600; }
.backend ~ tr > th { padding-left: 16px; }
small { display: block; color: var(--soft); font-size: 11px; font-weight: 400; }
.found { min-width: 110px; max-width: 200px; white-space: normal; overflow-wrap: anywhere; }
.zero { color: var(--soft); }
.bad { color: var(--down); font-weight: 600; }
.state { display: inline-block; padding: 0 6px; border-radius: 8px; font-size: 11px; font-weight: 600; }
.up { color: var(--up); background: var(--up-ground); }
.warn { color: var(--warn); background: var(--warn-ground); }
.down { color: var(--down); background: var(--down-ground); }
.drain { color: var(--drain); background: var(--drain-ground); }
.off { color: var(--off); background: var(--off-ground); }
.unchecked { color: var(--up); box-shadow: inset 0 0 0 1px currentColor; }
`
