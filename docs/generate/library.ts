/** `docs/reference/library.md`: the public names of the package, from the comments of `src/index.ts`. */
import path from 'node:path';
import ts from 'typescript';
import { code, page } from './markdown.ts';

export function libraryPage(root: string): string {
  const file = path.join(root, 'src/index.ts');
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([file], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file)!;
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!).map((symbol) => ({
    name: symbol.name,
    symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  }));
  const isFunction = ({ symbol }: { symbol: ts.Symbol }): boolean => (symbol.flags & ts.SymbolFlags.Function) !== 0;
  return page(
    'The library',
    '`src/index.ts`',
    'The commands as functions, for Node.js 20.19 and later:',
    "```ts\nimport { doctor, run, search } from 'conngen';\n```",
    'Options are the names of [`--config`](../guide/configuration.md#file), with values as text (`10s`, `25k`) or as numbers in the unit of the ' +
      'option. Results are those of `--json`: see [client](results/client.md) and the other results. Importing the package changes nothing in the process. ' +
      '[examples/typescript/](../../examples/README.md#typescript) has whole programs.',
    ...names.filter(isFunction).map(({ name, symbol }) => functionSection(name, symbol, checker)),
    '## Types',
    ...names.filter((each) => !isFunction(each)).map(({ name, symbol }) => typeSection(name, symbol, checker)),
  );
}

function functionSection(name: string, symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const parts = [`## ${code(name)}`, signatureOf(symbol), commentOf(symbol, checker), ...examplesOf(symbol, checker)];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** The head of a function, as the source has it. */
function signatureOf(symbol: ts.Symbol): string {
  const heads = (symbol.declarations ?? []).filter(ts.isFunctionDeclaration).map((declaration) => {
    const text = declaration.getText();
    const body = declaration.body?.getText() ?? '';
    return text
      .slice(0, text.length - body.length)
      .replace(/^export (async )?/, '')
      .trim();
  });
  return `\`\`\`ts\n${heads.join('\n')}\n\`\`\``;
}

function typeSection(name: string, symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const members = (symbol.declarations ?? [])
    // The fields of documents have a page each.
    .filter((declaration) => !declaration.getSourceFile().fileName.includes('/src/document/'))
    .filter((declaration) => ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration))
    .flatMap((declaration) => [...declaration.members] as ts.Declaration[])
    .flatMap((member) => memberLine(member, checker));
  const parts = [`### ${code(name)}`, commentOf(symbol, checker), members.join('\n'), ...examplesOf(symbol, checker)];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** A member with a comment; what has none is not for users. */
function memberLine(member: ts.Declaration, checker: ts.TypeChecker): string[] {
  const name = (member as ts.NamedDeclaration).name;
  const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name);
  if (symbol === undefined || name === undefined || ts.isPrivateIdentifier(name)) return [];
  const text = commentOf(symbol, checker).replaceAll(/\s*\n\s*/g, ' ');
  return text === '' ? [] : [`- ${code(name.getText())}: ${text}`];
}

/** The sentences before the first tag. */
function commentOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
}

function examplesOf(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  return symbol
    .getJsDocTags(checker)
    .filter(({ name }) => name === 'example')
    .map(({ text }) => ts.displayPartsToString(text).trim());
}
