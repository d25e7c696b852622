/** Light or dark, and the colours of charts in it. */
import { colourName } from '../chart/looks.ts';
import { PAGE_IDS, type ChartRole } from '../chart/spec.ts';
import { create } from './elements.ts';

const SYSTEM = matchMedia('(prefers-color-scheme: dark)');
const listeners: (() => void)[] = [];

/** Calls the listener each time the colours have changed. */
export function onThemeChange(listener: () => void): void {
  listeners.push(listener);
  // The system's theme counts until a theme is chosen.
  SYSTEM.addEventListener('change', listener);
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === undefined ? SYSTEM.matches : chosen === 'dark';
}

/** Adds the button that changes the theme. The choice lasts as long as the page is open: a file has no place of its own to keep it. */
export function addThemeButton(): void {
  const button = create('button', { type: 'button', class: 'tool' });
  const name = (): void => {
    button.textContent = isDark() ? 'Light theme' : 'Dark theme';
  };
  button.addEventListener('click', () => {
    document.documentElement.dataset['theme'] = isDark() ? 'light' : 'dark';
    name();
    for (const listener of listeners) listener();
  });
  SYSTEM.addEventListener('change', name);
  name();
  document.getElementById(PAGE_IDS.tools)?.append(button);
}

/** Returns a colour of the page's styles, in hexadecimal. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function roleColour(role: ChartRole): string {
  return colour(`c-${colourName(role)}`);
}

/** Returns the colour of a stacked area: the role's, thinned with the ground, so that what lies below does not shine through. */
export function areaColour(role: ChartRole): string {
  const [line, ground] = [channels(roleColour(role)), channels(colour('chart-ground'))];
  return `rgb(${line.map((value, index) => Math.round(value * 0.4 + ground[index]! * 0.6)).join(',')})`;
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
