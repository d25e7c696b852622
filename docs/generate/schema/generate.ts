/**
 * JSON Schema 2020-12 from the interfaces of `src/document/`: one schema a document, with a definition for each named type and the
 * first sentences of its comments as descriptions.
 *
 * It works on resolved types, so that a mapped type such as `Record<OutcomeName, number>` becomes the list of its keys.
 */
import path from 'node:path';
import ts from 'typescript';

export type Schema = Readonly<Record<string, unknown>>;

/** An interface, or a union of some, that is the whole of a document. */
export interface DocumentType {
  /** The file of the interface, relative to the root of the project. */
  readonly file: string;
  /** The name of the interface. */
  readonly name: string;
  /** The address that the schema calls itself by. */
  readonly id: string;
  /** What the document is, in one line. */
  readonly title: string;
}

/**
 * Returns the schema of each type, in the order given. `descriptions` has those of properties that no comment describes, by
 * `Type.property`. Throws where a type has no JSON form.
 */
export function schemasOf(
  root: string,
  types: readonly DocumentType[],
  descriptions: ReadonlyMap<string, string>,
): Schema[] {
  const configFile = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options } = ts.parseJsonConfigFileContent(configFile.config, ts.sys, root);
  const program = ts.createProgram(
    types.map(({ file }) => path.join(root, file)),
    { ...options, noEmit: true },
  );
  return types.map((type) => new SchemaBuilder(program, root, descriptions).build(type));
}

class SchemaBuilder {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #root: string;
  readonly #descriptions: ReadonlyMap<string, string>;
  readonly #definitions = new Map<string, Schema>();
  readonly #nameOf = new Map<ts.Type, string>();

  constructor(program: ts.Program, root: string, descriptions: ReadonlyMap<string, string>) {
    this.#descriptions = descriptions;
    this.#program = program;
    this.#checker = program.getTypeChecker();
    this.#root = root;
  }

  build({ file, name, id, title }: DocumentType): Schema {
    const source = this.#program.getSourceFile(path.join(this.#root, file));
    const module = source === undefined ? undefined : this.#checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`no such file: ${file}`);
    const symbol = this.#checker.getExportsOfModule(module).find((each) => each.name === name);
    if (symbol === undefined) throw new Error(`${file} has no ${name}`);
    const type = this.#checker.getDeclaredTypeOfSymbol(symbol);
    const body = type.isUnion() ? this.#union(type, name) : this.#object(type, name);
    const definitions = [...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: id,
      title,
      ...this.#description(symbol),
      ...body,
      ...(definitions.length > 0 ? { $defs: Object.fromEntries(definitions) } : {}),
    };
  }

  #description(symbol: ts.Symbol | undefined, place = ''): { readonly description?: string } {
    const comment = ts.displayPartsToString(symbol?.getDocumentationComment(this.#checker));
    const text = this.#descriptions.get(place) ?? comment.replaceAll(/\s*\n\s*/g, ' ');
    return text === '' ? {} : { description: text };
  }

  /** `place` names the type in messages. */
  #schema(type: ts.Type, place: string): Schema {
    const { flags } = type;
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (flags & ts.TypeFlags.BooleanLiteral) return { const: this.#checker.typeToString(type) === 'true' };
    if (flags & ts.TypeFlags.String) return { type: 'string' };
    if (flags & ts.TypeFlags.Number) return { type: 'number' };
    if (type.isUnion()) return this.#union(type, place);
    if (this.#checker.isTupleType(type)) return this.#tuple(type as ts.TupleTypeReference, place);
    if (this.#checker.isArrayType(type)) {
      const [item] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return { type: 'array', items: this.#schema(item!, `${place}[]`) };
    }
    if (flags & ts.TypeFlags.Object || type.isIntersection()) return this.#named(type, place);
    throw new Error(`${place}: no JSON form of ${this.#checker.typeToString(type)}`);
  }

  #union(type: ts.UnionType, place: string): Schema {
    const parts = type.types.filter((part) => !(part.flags & ts.TypeFlags.Undefined));
    // TypeScript has boolean as a union of its literals.
    const booleans = parts.filter((part) => part.flags & ts.TypeFlags.BooleanLiteral);
    const values = parts.filter(isValue).map(({ value }) => value);
    const others = parts.filter((part) => !booleans.includes(part) && !isValue(part));
    const schemas: Schema[] = others.map((part) => this.#schema(part, place));
    if (booleans.length === 2) schemas.push({ type: 'boolean' });
    else schemas.push(...booleans.map((part) => this.#schema(part, place)));
    if (values.length === 1) schemas.push({ const: values[0] });
    else if (values.length > 1) schemas.push({ enum: values });
    return joined(schemas);
  }

  #tuple(type: ts.TupleTypeReference, place: string): Schema {
    const items = this.#checker.getTypeArguments(type).map((part, index) => this.#schema(part, `${place}[${index}]`));
    return { type: 'array', prefixItems: items, minItems: items.length, maxItems: items.length };
  }

  /** Returns a reference to the definition of a type that has a name, and the type itself otherwise. */
  #named(type: ts.Type, place: string): Schema {
    const symbol = type.aliasSymbol ?? type.getSymbol();
    const name = symbol?.name ?? '__type';
    const isGeneric = (type.aliasTypeArguments?.length ?? 0) > 0;
    if (name.startsWith('__') || isGeneric || name === 'Record' || name === 'Readonly') return this.#object(type, place);
    const known = this.#nameOf.get(type);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    if (this.#definitions.has(name)) throw new Error(`${place}: two types are called ${name}`);
    this.#nameOf.set(type, name);
    // Holds the place while the type is built: a type may refer to itself.
    this.#definitions.set(name, {});
    this.#definitions.set(name, { ...this.#description(symbol), ...this.#object(type, name) });
    return { $ref: `#/$defs/${name}` };
  }

  #object(type: ts.Type, place: string): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const property of this.#checker.getPropertiesOfType(type)) {
      const at = `${place}.${property.name}`;
      const declared = this.#checker.getTypeOfSymbol(property);
      properties[property.name] = { ...this.#description(property, at), ...this.#schema(declared, at) };
      if ((property.flags & ts.SymbolFlags.Optional) === 0) required.push(property.name);
    }
    const index = this.#checker.getIndexInfoOfType(type, ts.IndexKind.String);
    return {
      type: 'object',
      ...(Object.keys(properties).length > 0 ? { properties } : {}),
      ...(required.length > 0 ? { required } : {}),
      ...(index === undefined ? {} : { additionalProperties: this.#schema(index.type, `${place}.*`) }),
    };
  }
}

function isValue(type: ts.Type): type is ts.StringLiteralType | ts.NumberLiteralType {
  return type.isStringLiteral() || type.isNumberLiteral();
}

/** Joins alternatives: `string | null` becomes a list of types; what has more to say becomes `anyOf`. */
function joined(schemas: readonly Schema[]): Schema {
  if (schemas.length === 1) return schemas[0]!;
  const types = schemas.map(({ type, ...rest }) => (Object.keys(rest).length === 0 ? type : undefined));
  if (types.every((type) => typeof type === 'string')) return { type: types };
  return { anyOf: schemas };
}
