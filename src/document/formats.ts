/** The formats that a result can be written in beside the text on stdout. Each is an option of every command that has a result. */

export interface DocumentFormat {
  /** What help says of the option. */
  readonly help: string;
}

/** In the order of help. A new format is a row here and a folder, `view/NAME/`. */
export const DOCUMENT_FORMATS = {
  json: { help: 'write the result as JSON; - writes it to stdout in place of the text' },
  markdown: { help: 'write the report as Markdown; - writes it to stdout in place of the text' },
  html: { help: 'write the report as one HTML page with charts; - writes it to stdout in place of the text' },
} as const satisfies Readonly<Record<string, DocumentFormat>>;

export type FormatName = keyof typeof DOCUMENT_FORMATS;

export const FORMAT_NAMES = Object.keys(DOCUMENT_FORMATS) as readonly FormatName[];
