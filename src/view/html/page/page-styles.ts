/** The looks of a page, apart from its charts. */

/** Colours by name, for a light page and a dark one. Text has a contrast of at least 4.5 to what it stands on. */
const LIGHT = [
  'color-scheme:light',
  '--page:#ffffff',
  '--card:#f6f7f9',
  '--ink:#1b1f24',
  '--dim:#57606a',
  '--line:#d3d8de',
  '--link:#0a58b0',
  '--good:#12703a',
  '--warning:#8a5200',
  '--bad:#b3201b',
].join(';');
const DARK = [
  'color-scheme:dark',
  '--page:#14171a',
  '--card:#1d2125',
  '--ink:#e4e7ea',
  '--dim:#a3abb4',
  '--line:#3a4047',
  '--link:#79b8ff',
  '--good:#5fcf88',
  '--warning:#e8b04b',
  '--bad:#ff8a80',
].join(';');

const RULES = `
*{box-sizing:border-box}
html{background:var(--page);color:var(--ink);font:16px/1.5 system-ui,"DejaVu Sans",Arial,sans-serif;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1200px;padding:16px 24px 48px}
header{position:relative}
.brand{margin:0;color:var(--dim);font-weight:600;letter-spacing:.02em}
#tools{position:absolute;top:0;right:0}
h1,h2,h3,h4{line-height:1.25;overflow-wrap:anywhere}
h1{margin:.1em 0 .3em;font-size:1.7rem}
h2{margin:2.2em 0 .6em;font-size:1.3rem;padding-bottom:.25em;border-bottom:1px solid var(--line)}
h3{margin:1.6em 0 .5em;font-size:1.1rem}
h4{margin:1.4em 0 .4em;font-size:1rem}
p{margin:.4em 0;max-width:80ch;overflow-wrap:anywhere}
.details{margin:0;color:var(--dim)}
a{color:var(--link)}
.skip{position:absolute;left:-9999px}
.skip:focus{left:8px;top:8px;padding:4px 8px;background:var(--page);z-index:1}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
main:focus{outline:none}
.lead{margin:1em 0;padding:10px 16px;border-left:6px solid var(--dim);background:var(--card)}
.lead.good{border-color:var(--good)}
.lead.warning{border-color:var(--warning)}
.lead.bad{border-color:var(--bad)}
.verdict{font-size:1.1rem;font-weight:600}
.good>.verdict,.is-good{color:var(--good)}
.warning>.verdict,.is-warning{color:var(--warning)}
.bad>.verdict,.is-bad{color:var(--bad)}
nav ul{display:flex;flex-wrap:wrap;gap:2px 16px;margin:0;padding:0;list-style:none}
ul{margin:.4em 0;padding-left:1.3em}
li{max-width:90ch;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:.6em 0}
dt{grid-column:1;color:var(--dim)}
dt.part{padding-left:1em}
dd{grid-column:2;margin:0;overflow-wrap:anywhere}
dl.pairs{display:block;columns:26em auto;column-gap:32px}
.pairs>div{display:grid;grid-template-columns:minmax(10em,45%) 1fr;gap:12px;break-inside:avoid;border-bottom:1px solid var(--line);padding:2px 0}
.pairs dd{grid-column:auto}
.pairs dt{grid-column:auto;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.8em 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--dim);padding:2px 0;white-space:nowrap}
th,td{padding:3px 12px;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th:first-child{text-align:left;padding-left:0}
thead th{color:var(--dim);font-weight:600;white-space:nowrap}
tbody th{font-weight:400}
td{white-space:nowrap}
.wide td{white-space:normal;text-align:left;min-width:14ch;max-width:70ch}
.wide th{text-align:left}
code,pre{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.9em}
code{overflow-wrap:anywhere}
pre{padding:10px 12px;background:var(--card)}
pre code{white-space:pre;overflow-wrap:normal}
pre.wraps code{white-space:pre-wrap;overflow-wrap:anywhere}
.note{color:var(--dim)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,540px),1fr));gap:20px 24px}
figure{margin:0;min-width:0}
figcaption{font-weight:600;margin-bottom:4px}
button{font:inherit;font-size:.9rem;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:4px;padding:4px 10px;cursor:pointer}
button:hover{border-color:var(--dim)}
@media screen and (min-width:1264px){div.scroll{min-width:100%;width:max-content;max-width:calc(100vw - 64px);position:relative;left:50%;transform:translateX(-50%)}}
@media (max-width:600px){body{padding:12px 12px 32px}dl{grid-template-columns:1fr;gap:0}dt,dd{grid-column:1}dd{padding-left:1em;margin-bottom:4px}h1{font-size:1.35rem}.brand{min-height:2.2em}}
@media print{
:root,:root[data-theme]{${LIGHT};font-size:12px}
body{max-width:none;padding:0}
nav,#tools,#downloads,.skip{display:none}
h2,h3,h4,caption,figcaption{break-after:avoid}
figure,dl,tr,.lead{break-inside:avoid}
.scroll{overflow:visible}
td,thead th{white-space:normal}
pre code{white-space:pre-wrap;overflow-wrap:anywhere}
.charts{grid-template-columns:minmax(0,160mm)}
}
`;

/** Returns the CSS of a page. The theme is the system's, or what `data-theme` of the root says. */
export function pageStyles(): string {
  return [
    `:root{${LIGHT}}`,
    `@media (prefers-color-scheme:dark){:root{${DARK}}}`,
    `:root[data-theme="light"]{${LIGHT}}`,
    `:root[data-theme="dark"]{${DARK}}`,
    RULES.trim(),
  ].join('\n');
}
