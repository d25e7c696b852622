/**
 * What is wrong with an input: tier 1 of the errors. Problems are collected, never thrown, so that the user sees all of them.
 */
import { printable } from './printable.ts';

/** One thing the user gave that cannot be used. */
export interface Problem {
  /** The place where it was given: `--rate`, `CONNGEN_RATE`, `conf.json: rate`. */
  readonly option: string;
  /** The text that the user wrote; null where something is missing. */
  readonly got: string | null;
  /** Completes the sentence "expected …"; names the way out where there is one. */
  readonly expected: string;
  /** The name of the option that is missing beside it, where the problem is that and nothing else. */
  readonly needs?: string;
}

/** The outcome of parsing one text: the value, or what was expected instead. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

/** The smallest and the largest value that a parser takes, and how a value is written. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
}

/** Turns the user's text into a value. Never throws. */
export interface Parser<T> {
  (text: string): Parsed<T>;
  /** The words that the parser takes, where it takes no other text. */
  readonly choices?: readonly string[];
  /** The range of the numbers that the parser takes. */
  readonly range?: ValueRange;
}

/** The parser `parse`, which says that it takes numbers of `range`. */
export function withRange<T>(parse: (text: string) => Parsed<T>, range: ValueRange): Parser<T> {
  return Object.assign((text: string) => parse(text), { range });
}

/** The places where a value can be given; a later one in this list beats an earlier one. */
export const ORIGINS = ['default', 'file', 'environment', 'flag'] as const;
export type Origin = (typeof ORIGINS)[number];

/** An option's value together with where it came from, for later problems about it. */
export interface Given<T> {
  readonly value: T;
  /** What the user wrote. */
  readonly text: string;
  /** The place, as in `Problem.option`. */
  readonly label: string;
  readonly origin: Origin;
  /** The option is a switch, and only its name was typed. */
  readonly isBare?: true;
}

/** Whether `a` comes from a place that beats, or is, the place of `b`. */
export function isAtLeast(a: Given<unknown>, b: Given<unknown>): boolean {
  return ORIGINS.indexOf(a.origin) >= ORIGINS.indexOf(b.origin);
}

export function isExplicit(given: Given<unknown>): boolean {
  return given.origin !== 'default';
}

export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refuse(expected: string): { readonly ok: false; readonly expected: string } {
  return { ok: false, expected };
}

/** The problem that `given` is. */
export function problemOf(given: Given<unknown>, expected: string): Problem {
  return { option: given.label, got: given.isBare === true ? given.label : given.text, expected };
}

const SHOWN_CHARACTERS = 200;
/** Expectations list names of options; none of them is as long as this. */
const EXPECTED_CHARACTERS = 2000;

/** One line, such as `--rate: got "0", expected more than 0 connections/s`. */
export function formatProblem({ option, got, expected }: Problem): string {
  return `${printable(option, SHOWN_CHARACTERS)}: got ${quote(got)}, expected ${printable(expected, EXPECTED_CHARACTERS)}`;
}

function quote(got: string | null): string {
  if (got === null) return 'nothing';
  const shown = got.length > SHOWN_CHARACTERS ? `${got.slice(0, SHOWN_CHARACTERS)}…` : got;
  return printable(JSON.stringify(shown));
}

/** The name of a system's error, such as `ENOENT`; `unknown` of any other. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
