/** The looks of charts. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Each role's colour on light and on dark ground, after Okabe and Ito: people tell them apart however they see colours. */
const COLOURS = {
  offered: ['#3c4450', '#c9d1d9'],
  ok: ['#0072b2', '#56b4e9'],
  missed: ['#7a828e', '#9aa3ad'],
  target: ['#d55e00', '#ff8a4c'],
  network: ['#a8478a', '#e79bcb'],
  generator: ['#b07d00', '#f0c24b'],
  p50: ['#0072b2', '#56b4e9'],
  p90: ['#00835f', '#2fd0a5'],
  p99: ['#d55e00', '#ff8a4c'],
  p99_9: ['#a8478a', '#e79bcb'],
  max: ['#5b6470', '#9aa3ad'],
  passed: ['#0072b2', '#56b4e9'],
  failed: ['#d55e00', '#ff8a4c'],
  inconclusive: ['#6b7380', '#9aa3ad'],
  neutral: ['#3c4450', '#c9d1d9'],
  run0: ['#0072b2', '#56b4e9'],
  run1: ['#d55e00', '#ff8a4c'],
  run2: ['#00835f', '#2fd0a5'],
  run3: ['#a8478a', '#e79bcb'],
  run4: ['#b07d00', '#f0c24b'],
  run5: ['#2b8ac4', '#a5d8f5'],
  run6: ['#3c4450', '#c9d1d9'],
} as const;

const FRAME = {
  text: ['#20262d', '#e6e9ed'],
  muted: ['#515a66', '#a9b2bd'],
  grid: ['#e4e7eb', '#2c333c'],
  axis: ['#8a929c', '#6b7480'],
  ground: ['#ffffff', '#14171a'],
  band: ['#0072b2', '#56b4e9'],
  mark: ['#b00020', '#ff7b86'],
} as const;

function properties(theme: 0 | 1): string {
  const roles = Object.entries(COLOURS).map(([name, colours]) => `--c-${name}:${colours[theme]}`);
  const frame = Object.entries(FRAME).map(([name, colours]) => `--chart-${name}:${colours[theme]}`);
  return [...roles, ...frame].join(';');
}

const ROLE_CLASSES = Object.keys(COLOURS)
  .map((name) => `.c-${name}{--c:var(--c-${name})}`)
  .join('');

const THEMES = `
:root{${properties(0)}}
@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){${properties(1)}}}
@media screen{:root[data-theme=dark]{${properties(1)}}}
`;

const SVG_LOOKS = `
.drawing{overflow-x:auto}
svg.plot{display:block;width:100%;min-width:540px;height:auto;font:12px system-ui,"DejaVu Sans",Arial,sans-serif;fill:var(--chart-text)}
.plot .axis-name{fill:var(--chart-muted)}
.plot .grid{stroke:var(--chart-grid);fill:none}
.plot .axis{stroke:var(--chart-axis);fill:none}
.plot .line{stroke:var(--c);fill:none;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.plot .dot{fill:var(--c);stroke:var(--chart-ground);stroke-width:.75}
.plot .fill{fill:color-mix(in srgb,var(--c) 40%,var(--chart-ground))}
.plot .fill.thin{fill:var(--c);fill-opacity:.2}
.plot .band{fill:var(--chart-band);fill-opacity:.14}
.plot .mark{stroke:var(--chart-mark);fill:none;stroke-width:1.5}
.plot .label{paint-order:stroke;stroke:var(--chart-ground);stroke-width:3px;stroke-linejoin:round}
@media print{figure.chart{break-inside:avoid}svg.plot{min-width:0}.drawing{overflow:visible}}
`;

const LIVE_LOOKS = `
@media screen{.has-script .is-live .drawing{display:none}}
@media print{.live,.tool{display:none!important}}
.live{position:relative;font:12px system-ui,"DejaVu Sans",Arial,sans-serif;color:var(--chart-text)}
.live .axis-name{margin:6px 0 0;color:var(--chart-muted)}
.live .canvas{width:100%;min-height:230px;outline-offset:2px}
.live .canvas .uplot{width:100%}
.live .legend{display:flex;flex-wrap:wrap;align-items:center;gap:2px 4px;min-height:28px}
.live .legend button{display:inline-flex;align-items:center;gap:6px;min-height:26px;padding:1px 6px;border:1px solid transparent;border-radius:4px;background:none;color:inherit;font:inherit;text-align:left;cursor:pointer}
.live .legend button:hover{border-color:var(--chart-axis)}
.live .legend button[aria-pressed=false]>span{text-decoration:line-through;color:var(--chart-muted)}
.live .legend button[aria-pressed=false]>svg{opacity:.3}
.live .legend .value{min-width:4.6em;font-weight:600;font-variant-numeric:tabular-nums}
.live .legend .at{margin-left:auto;min-width:7em;text-align:right;color:var(--chart-muted);font-variant-numeric:tabular-nums}
.live svg.plot{display:inline-block;flex:none;width:22px;min-width:22px}
.live .hint{position:absolute;z-index:1;margin:0;padding:0 4px;background:var(--chart-ground);color:var(--chart-muted);visibility:hidden}
.live .canvas:focus-visible+.hint{visibility:visible}
.live .u-select{background:var(--chart-band);opacity:.2}
.live .u-cursor-x{border-color:var(--chart-axis)!important}
.tool,.live .legend .tool{min-height:26px;padding:2px 10px;border:1px solid var(--chart-axis);border-radius:4px;background:var(--chart-ground);color:var(--chart-text);font:13px system-ui,"DejaVu Sans",Arial,sans-serif;cursor:pointer}
#downloads{display:flex;flex-wrap:wrap;gap:8px}
.tool[hidden]{display:none!important}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
`;

/** Returns the CSS of charts and of what the script adds to the page. The page's own is in `page-styles.ts`. */
export function chartStyles(): string {
  return `${uplotStyles()}${THEMES}${ROLE_CLASSES}${SVG_LOOKS}${LIVE_LOOKS}`;
}

function uplotStyles(): string {
  return readFileSync(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'), 'utf8');
}
