/** Whether what stands in a `lab.json` is the result of a lab: somebody may have edited it, or written it with another version. */

/** What is wrong with the value at `path`, as "plan.only is 7, not a list of texts"; null where nothing is. */
type Check = (value: unknown, path: string) => string | null;

function fault(path: string, value: unknown, expected: string): string {
  return `${path} is ${shown(value)}, not ${expected}`;
}

const SHOWN_CHARACTERS = 30;

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

const text: Check = (value, path) => (typeof value === 'string' ? null : fault(path, value, 'a text'));
const number: Check = (value, path) => (typeof value === 'number' ? null : fault(path, value, 'a number'));
const truth: Check = (value, path) => (typeof value === 'boolean' ? null : fault(path, value, 'true or false'));
const numberOrNull: Check = (value, path) => (value === null ? null : number(value, path));
const scalar: Check = (value, path) =>
  ['string', 'number', 'boolean'].includes(typeof value) || value === null
    ? null
    : fault(path, value, 'a text or a number');

function listOf(item: Check): Check {
  return (value, path) =>
    Array.isArray(value) ? firstFault(value.entries(), item, (at) => `${path}[${at}]`) : fault(path, value, 'a list');
}

/** An object of any keys, all with values of one kind. */
function mapOf(item: Check): Check {
  return (value, path) =>
    isObject(value)
      ? firstFault(Object.entries(value), item, (key) => `${path}.${key}`)
      : fault(path, value, 'an object');
}

function objectOf(fields: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (!isObject(value)) return fault(path, value, 'an object');
    for (const [key, check] of Object.entries(fields)) {
      const found = check(value[key], path === '' ? key : `${path}.${key}`);
      if (found !== null) return found;
    }
    return null;
  };
}

function firstFault<Key>(
  entries: Iterable<readonly [Key, unknown]>,
  check: Check,
  pathOf: (key: Key) => string,
): string | null {
  for (const [key, value] of entries) {
    const found = check(value, pathOf(key));
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CELL_HEAD = { cell: text, axes: mapOf(scalar), started_at: text, took_sec: number };

const CELLS: Readonly<Record<string, Check>> = {
  done: objectOf({
    ...CELL_HEAD,
    summary: mapOf(numberOrNull),
    figures: mapOf(numberOrNull),
    samples: listOf(number),
    at_sec: listOf(number),
  }),
  failed: objectOf({ ...CELL_HEAD, error: text }),
};

const cell: Check = (value, path) => {
  const status = isObject(value) ? value['status'] : undefined;
  const check = typeof status === 'string' ? CELLS[status] : undefined;
  return check === undefined ? fault(`${path}.status`, status, '"done" or "failed"') : check(value, path);
};

const RESULT = objectOf({
  lab: text,
  title: text,
  started_at: text,
  system: objectOf({ kernel: text, node: text, cpus: number, cpu_model: text }),
  plan: objectOf({
    lab: text,
    quick: truth,
    only: listOf(text),
    settle_sec: number,
    warmup_sec: number,
    duration_sec: number,
    cells: listOf(text),
  }),
  quantity: objectOf({ name: text, unit: text }),
  cells: listOf(cell),
});

/** What is wrong with `value` as the result of a lab, in a few words; null where it is one. */
export function faultOfLabResult(value: object): string | null {
  return RESULT(value, '');
}
