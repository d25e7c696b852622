/** The Markdown files of the project, and what stands in them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './modules.ts';

/** Every Markdown file that belongs to the project, relative to its root. */
export function markdownFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((name) => name !== '');
}

export function readMarkdown(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

export interface Fence {
  readonly language: string;
  readonly lines: readonly string[];
  /** The number of its first line in the file, from 1. */
  readonly line: number;
}

/** The code blocks of a page. */
export function fencesOf(text: string): Fence[] {
  const fences: Fence[] = [];
  let open: { language: string; lines: string[]; line: number; indent: number } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^(\s*)```(\w*)\s*$/.exec(line);
    if (open === null && mark !== null) {
      open = { language: mark[2]!, lines: [], line: index + 2, indent: mark[1]!.length };
    } else if (open !== null && mark !== null) {
      fences.push(open);
      open = null;
    } else if (open !== null) {
      open.lines.push(line.slice(open.indent));
    }
  }
  return fences;
}

/** A page without its code blocks: each of their lines is empty. */
export function withoutFences(text: string): string {
  let isOpen = false;
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*```/.test(line)) {
        isOpen = !isOpen;
        return '';
      }
      return isOpen ? '' : line;
    })
    .join('\n');
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchorsOf(text: string): Set<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, title] of withoutFences(text).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const slug = slugOf(title!);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function slugOf(title: string): string {
  return title
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]/g, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}
