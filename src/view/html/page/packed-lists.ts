/**
 * JSON in which each list of numbers stands once, and a list of similar objects as columns. The seconds of a run are such a list: their
 * keys are most of its text, and charts have the same numbers again.
 *
 * Objects stay objects. A list becomes `["*", …]` with its members, `["=", n]` for the n-th list of `lists`, `["=", n, length, …]` for the
 * beginning of that list and what comes after it, or
 * `["#", length, [key, list], [key, list, places], …]` for objects: the values of each key, and the places of the objects that have
 * it, where not all do.
 */

import { decodeLists, encodeLists, type CodedList, type Numbers } from './packed-numbers.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Packed {
  /** Coded as `packed-numbers.ts` says. */
  readonly lists: readonly CodedList[];
  readonly value: Json;
}

type JsonObject = Readonly<Record<string, Json>>;

/** A list of fewer numbers is shorter than the reference to it is worth. */
const LIST_MIN = 8;

/** A list that goes on differently for more values than these after the same beginning is another list. */
const TAIL_MAX = 4;

/** Packs what JSON can hold. `unpackLists` returns the same, with its keys in the same order. */
export function packLists(value: Json): Packed {
  const lists: (readonly Json[])[] = [];
  /** Places in `lists` by how a list begins. */
  const places = new Map<string, number[]>();
  const held = (list: readonly Json[]): Json => {
    const beginning = JSON.stringify(list.slice(0, LIST_MIN));
    const candidates = places.get(beginning) ?? [];
    for (const place of candidates) {
      const known = lists[place]!;
      const same = sameUntil(known, list);
      if (same === list.length && same === known.length) return ['=', place];
      if (list.length - same <= TAIL_MAX) return ['=', place, same, ...list.slice(same)];
    }
    places.set(beginning, [...candidates, lists.length]);
    lists.push(list);
    return ['=', lists.length - 1];
  };
  // Packed first: it fills `lists`.
  const packed = pack(value, held);
  return { value: packed, lists: encodeLists(lists as readonly Numbers[]) };
}

function sameUntil(one: readonly Json[], other: readonly Json[]): number {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at++;
  return at;
}

type Hold = (list: readonly Json[]) => Json;

function pack(value: Json, hold: Hold): Json {
  if (isList(value)) return packList(value, hold);
  if (typeof value !== 'object' || value === null) return value;
  return mapped(value, (each) => pack(each, hold));
}

function packList(list: readonly Json[], hold: Hold): Json {
  if (list.length < LIST_MIN) return ['*', ...list.map((each) => pack(each, hold))];
  if (list.every((each) => typeof each === 'number' || each === null)) return hold(list);
  const keys = list.every(isObject) ? commonOrder(list) : null;
  if (keys === null) return ['*', ...list.map((each) => pack(each, hold))];
  const objects = list as readonly JsonObject[];
  const columns = keys.map((key): Json => {
    const places = objects.flatMap((object, index) => (Object.hasOwn(object, key) ? [index] : []));
    const values = packList(
      places.map((index) => objects[index]![key]!),
      hold,
    );
    return places.length === objects.length ? [key, values] : [key, values, hold(places)];
  });
  return ['#', objects.length, ...columns];
}

/** The keys of all objects in an order that each of them has; null where there is none that is found at first sight. */
function commonOrder(objects: readonly JsonObject[]): string[] | null {
  const longest = objects.reduce((most, each) => (Object.keys(each).length > Object.keys(most).length ? each : most));
  const keys = [...new Set([...Object.keys(longest), ...objects.flatMap((object) => Object.keys(object))])];
  const at = new Map(keys.map((key, index) => [key, index]));
  const isInOrder = objects.every((object) => {
    const order = Object.keys(object).map((key) => at.get(key)!);
    return order.every((place, index) => index === 0 || place > order[index - 1]!);
  });
  return isInOrder ? keys : null;
}

/** Returns what was packed. */
export function unpackLists({ value, lists }: Packed): Json {
  return unpack(value, decodeLists(lists));
}

function unpack(value: Json, lists: readonly Numbers[]): Json {
  if (isList(value)) return unpackList(value, lists);
  if (typeof value !== 'object' || value === null) return value;
  return mapped(value, (each) => unpack(each, lists));
}

/** A key, its values, and the places of the objects that have it. */
type PackedColumn = readonly [key: string, values: readonly Json[], places?: readonly Json[]];

function unpackList([kind, ...rest]: readonly Json[], lists: readonly Numbers[]): readonly Json[] {
  if (kind === '=') {
    const [place, length, ...tail] = rest;
    const list = lists[place as number]!;
    return length === undefined ? list : [...list.slice(0, length as number), ...tail];
  }
  if (kind === '*') return rest.map((each) => unpack(each, lists));
  const [length, ...columns] = rest;
  const entries = Array.from({ length: length as number }, (): [string, Json][] => []);
  for (const [key, values, places] of columns as unknown as readonly PackedColumn[]) {
    const at = places === undefined ? null : (unpackList(places, lists) as readonly number[]);
    unpackList(values, lists).forEach((each, index) => entries[at === null ? index : at[index]!]!.push([key, each]));
  }
  return entries.map((each): Json => Object.fromEntries(each));
}

function mapped(object: JsonObject, of: (value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, each]) => [key, of(each)]));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}
