/**
 * Lists of numbers as shorter text. Percentiles are the highest values of buckets of a histogram: the number of the bucket has fewer digits,
 * and differs less from its neighbours.
 *
 * A coded list is `["p", …]` or `["t", …]`. Its members are the difference of the code of a value from that at the same place of the coded list
 * before (`p`), or from the one before it in the list (`t`). What is no highest value of a bucket is `[value]`, and
 * null is null; there is no code at such a place, and the code before it counts in its stead.
 */
import { bucketOf, lowestAt } from '../../../count/histogram.ts';

export type Numbers = readonly (number | null)[];
type Coded = readonly [kind: 'p' | 't', ...members: readonly (number | null | readonly [number])[]];
export type CodedList = Numbers | Coded;

/** Returns the lists in the shortest of these ways, each. `decodeLists` returns the same numbers. */
export function encodeLists(lists: readonly Numbers[]): CodedList[] {
  let before: readonly number[] = [];
  return lists.map((list) => {
    const ways = (['p', 't'] as const).map((kind) => coded(kind, list, before));
    const shortest = [list, ...ways].reduce<CodedList>(shorter, list);
    if (isCoded(shortest)) before = codesOf(list);
    return shortest;
  });
}

function shorter(one: CodedList, other: CodedList): CodedList {
  return JSON.stringify(other).length < JSON.stringify(one).length ? other : one;
}

/** Small numbers are their own buckets. */
function codeOf(value: number | null): number | null {
  if (value === null || !Number.isInteger(value) || value < 0) return null;
  const bucket = bucketOf(value);
  return lowestAt(bucket + 1) - 1 === value ? bucket : null;
}

/** The code at each place, or the one before it where there is none. */
function codesOf(list: Numbers): number[] {
  let last = 0;
  return list.map((value) => (last = codeOf(value) ?? last));
}

function coded(kind: Coded[0], list: Numbers, before: readonly number[]): Coded {
  const codes = codesOf(list);
  const members = list.map((value, index) => {
    if (codeOf(value) === null) return value === null ? null : ([value] as const);
    return codes[index]! - expected(kind, index, codes, before);
  });
  return [kind, ...members];
}

/** What a code is told as the difference from. */
function expected(kind: Coded[0], index: number, codes: readonly number[], before: readonly number[]): number {
  return (kind === 'p' ? before[index] : codes[index - 1]) ?? 0;
}

function isCoded(list: CodedList): list is Coded {
  return typeof list[0] === 'string';
}

/** Returns the lists as they were. */
export function decodeLists(lists: readonly CodedList[]): Numbers[] {
  let before: readonly number[] = [];
  return lists.map((list) => {
    if (!isCoded(list)) return list;
    const [kind, ...members] = list;
    const codes: number[] = [];
    const values = members.map((member, index) => {
      const isCode = typeof member === 'number';
      codes.push(isCode ? member + expected(kind, index, codes, before) : (codes[index - 1] ?? 0));
      return isCode ? lowestAt(codes[index]! + 1) - 1 : (member?.[0] ?? null);
    });
    before = codes;
    return values;
  });
}
