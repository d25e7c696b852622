#!/usr/bin/env node
// Prints the copyright file of the Debian package (machine-readable format 1.0): conngen's licence, and that of each package in
// node_modules, with the text that the package brings.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const [root] = process.argv.slice(2);

/** Every package below node_modules, with those that packages have for themselves. */
function packagesBelow(directory) {
  const modules = path.join(directory, 'node_modules');
  if (!existsSync(modules)) return [];
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(path.join(modules, name)).map((each) => `${name}/${each}`) : [name],
  );
  return names.sort().flatMap((name) => {
    const place = path.join(modules, name);
    return existsSync(path.join(place, 'package.json')) ? [place, ...packagesBelow(place)] : [];
  });
}

/** The licence of a package: what package.json calls it, and its text. */
function licenceOf(place) {
  const { license, name, author } = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8'));
  const file = readdirSync(place).find((each) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(each));
  const text = file === undefined ? '' : readFileSync(path.join(place, file), 'utf8').trim();
  const holders = [...text.matchAll(/^\W*(copyright\b.*\d{4}.*|copyright \(c\) .*)$/gim)].map(([, line]) =>
    line.trim(),
  );
  const by = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  return { name: license ?? 'unknown', text, holders: holders.length > 0 ? holders : [by] };
}

/** A text as a field goes on: each line with a space before it, an empty one with a dot. */
function folded(text) {
  return text
    .split(/\r?\n/)
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
}

/** `MIT-OR-CC0-1.0` for `(MIT OR CC0-1.0)`. */
function shortName(name) {
  return name.replaceAll(/[^\w.+]+/g, '-').replaceAll(/^-|-$/g, '');
}

/** For packages that name their licence and leave out the text. */
function withoutText(name) {
  const place = name === 'Apache-2.0' ? ': /usr/share/common-licenses/Apache-2.0' : '';
  return `${name}, as package.json says; the package brings no text of it${place}.`;
}

const texts = new Map();
const paragraphs = [];
for (const place of [root, ...packagesBelow(root)]) {
  const { name, text, holders } = licenceOf(place);
  const key = `${name}\n${text}`;
  const known = texts.get(key) ?? { id: `${shortName(name)}-${texts.size + 1}`, name, text };
  texts.set(key, known);
  const files = place === root ? '*' : `usr/lib/conngen/${path.relative(root, place)}/*`;
  paragraphs.push(`Files: ${files}\nCopyright: ${holders.join('\n           ')}\nLicense: ${known.id}`);
}
const header = [
  'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
  'Upstream-Name: conngen',
  'Source: https://github.com/conngen/conngen',
].join('\n');
const licences = [...texts.values()].map(
  ({ id, name, text }) => `License: ${id}\n${folded(text === '' ? withoutText(name) : text)}`,
);
process.stdout.write(`${[header, ...paragraphs, ...licences].join('\n\n')}\n`);
