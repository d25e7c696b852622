/** Says aloud, through a screen reader, what the keys have moved to. */
import { create } from './elements.ts';

/** Who holds a key down hears where it stopped. */
const PAUSE_MS = 150;

export class Announcer {
  readonly #region = create('div', { 'aria-live': 'polite', class: 'unseen' });
  #timer: number | undefined;

  constructor() {
    document.body.append(this.#region);
  }

  say(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#region.textContent = text;
    }, PAUSE_MS);
  }
}
