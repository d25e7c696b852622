/** What a renderer is given, and what a format has to have. */
import type { Document, DocumentKind, DocumentOf } from '../document/read.ts';
import { PLAIN, type TextStyle } from './layout.ts';

/** What a renderer gets beside the document. */
export interface Look {
  /** Width and colours of text. */
  readonly style: TextStyle;
  /** The directory that a lab keeps its files in; null where it is not known. */
  readonly directory: string | null;
  /** Leaves out the checks of a doctor that found nothing. */
  readonly leavesOutOk: boolean;
}

/** A look without a terminal. */
export const PLAIN_LOOK: Look = { style: PLAIN, directory: null, leavesOutOk: false };

/** One renderer for each kind of document. What they return ends in a newline. */
export type Renderers = {
  readonly [Kind in DocumentKind]: (document: DocumentOf<Kind>, look: Look) => string;
};

/** A document, and the name that it has beside others. Names are unique. */
export interface NamedDocument {
  readonly name: string;
  readonly document: Document;
}
