import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { ROOT } from './support/modules.ts';

interface Comment {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

function sourcesIn(folder: string): string[] {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.(ts|js)$/.test(name)).map((name) => path.join(folder, name));
}

/** Adds the names and texts of a file to `known`, and returns its comments. */
function read(file: string, known: Set<string>): Comment[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const comments = new Map<number, Comment>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) known.add(node.text.replace('#', ''));
    else if (ts.isStringLiteralLike(node)) known.add(node.text);
    const ranges = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ];
    for (const { pos, end } of ranges) {
      comments.set(pos, {
        file,
        line: source.getLineAndCharacterOfPosition(pos).line + 1,
        text: text.slice(pos, end),
      });
    }
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  return [...comments.values()];
}

/** Names in backticks of a comment that look like one of the code's. */
function namesIn({ text }: Comment): string[] {
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return quoted.flatMap((words) => /^#?([A-Za-z_$][\w$]*)(?:\([^)]*\))?$/.exec(words)?.[1] ?? []);
}

t.test('names in backticks in comments exist', async (t) => {
  const known = new Set<string>();
  const files = ['src', 'bin', 'bench', 'test'].flatMap(sourcesIn);
  const comments = files.flatMap((file) => read(file, known)).filter(({ file }) => /^(src|bin)\b/.test(file));
  t.ok(comments.length > 1000, 'the comments were found');
  const unknown = comments.flatMap((comment) =>
    namesIn(comment)
      .filter((name) => !known.has(name))
      .map((name) => `${comment.file}:${comment.line}: ${name}`),
  );
  t.strictSame(unknown, []);
});
