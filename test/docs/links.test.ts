/** Relative links and anchors in every Markdown file lead somewhere. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ROOT } from '../support/modules.ts';
import { anchorsOf, markdownFiles, readMarkdown, withoutFences } from '../support/markdown.ts';

/** The targets of links and images, with the line of each. Code spans are no links. */
function linksOf(text: string): { readonly target: string; readonly line: number }[] {
  return withoutFences(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.replaceAll(/`[^`]*`/g, '``').matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({
        target: match[1]!,
        line: index + 1,
      })),
    );
}

/** What is wrong with a link, or null. */
function brokenness(file: string, target: string): string | null {
  if (/^[a-z]+:/.test(target)) return null;
  const [name = '', anchor] = target.split('#');
  const aim = name === '' ? file : path.posix.join(path.posix.dirname(file), decodeURI(name));
  if (aim.startsWith('..')) return 'leads out of the project';
  const full = path.join(ROOT, aim);
  if (!existsSync(full)) return 'no such file';
  if (anchor === undefined) return null;
  if (statSync(full).isDirectory()) return 'an anchor of a folder';
  return anchorsOf(readMarkdown(aim)).has(anchor) ? null : 'no such heading';
}

t.test('links and anchors lead somewhere', async (t) => {
  const files = markdownFiles();
  t.ok(files.includes('README.md') && files.length > 30, 'the pages were found');
  let count = 0;
  const broken = files.flatMap((file) =>
    linksOf(readMarkdown(file)).flatMap(({ target, line }) => {
      count += 1;
      const why = brokenness(file, target);
      return why === null ? [] : [`${file}:${line}: ${target}: ${why}`];
    }),
  );
  t.ok(count > 200, 'the links were found');
  t.strictSame(broken, []);
});

t.test('every page of docs/ can be reached from its index', async (t) => {
  const pages = markdownFiles().filter((file) => file.startsWith('docs/') && file !== 'docs/README.md');
  const index = new Set(
    linksOf(readMarkdown('docs/README.md')).map(({ target }) => path.posix.join('docs', target.split('#')[0]!)),
  );
  t.strictSame(
    pages.filter((file) => !index.has(file)),
    [],
  );
});

t.test('files that pages name in code spans exist', async (t) => {
  const missing = markdownFiles()
    .filter((file) => file !== 'CHANGELOG.md')
    .flatMap((file) =>
      [...readMarkdown(file).matchAll(/`((?:src|test|docs|scripts|bench|examples|kernel-tuning|schema)\/[\w./-]*)`/g)]
        .map((match) => match[1]!)
        // A part in capitals stands for any name.
        .filter((name) => !/\/[A-Z]{2,}\//.test(name) && !existsSync(path.join(ROOT, name)))
        .map((name) => `${file}: ${name}`),
    );
  t.strictSame([...new Set(missing)], []);
});

t.test('the README is short', async (t) => {
  t.ok(readMarkdown('README.md').split('\n').length <= 251);
});
