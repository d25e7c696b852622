/** Whatever a document holds: no text of it becomes a mark of the page. */
import fc from 'fast-check';
import t from 'tap';
import { DOCUMENT_VERSIONS, type DocumentKind } from '../../../src/document/read.ts';
import { PLAIN_LOOK } from '../../../src/view/look.ts';
import { renderers } from '../../../src/view/html/index.ts';
import { anyDocument } from '../../support/any-document.ts';
import { parsePage, type ParsedPage } from '../../support/pages.ts';
import { holds } from '../../support/property.ts';

const ELEMENTS = new Set(
  (
    'html head meta title style body a header p div h1 h2 h3 h4 main nav ul li section dl dt dd table caption thead tbody tr th td ' +
    'pre code strong span noscript script figure figcaption ' +
    'svg desc g path rect line text tspan circle polygon defs clippath'
  ).split(' '),
);

/** What a text could have added: an element that no template has, a script, a handler, an address. */
function intruders(page: ParsedPage): string[] {
  const elements = page.elements.filter(({ tagName }) => !ELEMENTS.has(tagName.toLowerCase()));
  const attributes = page.elements.flatMap(({ tagName, attrs }) =>
    attrs
      .filter(
        ({ name, value }) =>
          name.startsWith('on') || name === 'src' || name === 'style' || (name === 'href' && !value.startsWith('#')),
      )
      .map(({ name }) => `${tagName} ${name}`),
  );
  return [...elements.map(({ tagName }) => tagName), ...attributes];
}

const RUNS = 25;

for (const kind of Object.keys(DOCUMENT_VERSIONS) as DocumentKind[]) {
  t.test(`texts of a ${kind} document`, (t) => {
    const render = renderers[kind] as (document: unknown, look: typeof PLAIN_LOOK) => string;
    holds(
      t,
      fc.property(anyDocument(kind), (document) => {
        const html = render(document, PLAIN_LOOK);
        const page = parsePage(html);
        const [downloaded] = page.data.downloads;
        return (
          page.errors.length === 0 &&
          intruders(page).length === 0 &&
          !/[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|[^\P{Cc}\n]/u.test(html) &&
          // JSON has no lone half of a character.
          JSON.stringify(downloaded?.document) === JSON.stringify(document)
        );
      }),
      { numRuns: RUNS },
    );
    t.end();
  });
}
