/** Buttons that save what the page was made from. */
import { PAGE_IDS, type PageData } from '../chart/spec.ts';
import { create } from './elements.ts';

/** Adds a button for each document. */
export function addDownloads({ downloads }: PageData): void {
  const place = document.getElementById(PAGE_IDS.downloads);
  for (const { file, document: content } of downloads) {
    const button = create('button', { type: 'button', class: 'tool' }, `Download ${file}`);
    button.addEventListener('click', () => save(file, `${JSON.stringify(content, null, 2)}\n`));
    place?.append(button);
  }
}

function save(file: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  create('a', { href: url, download: file }).click();
  // The browser reads the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
