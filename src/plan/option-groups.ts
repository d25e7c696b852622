/** The headings of options, in the order of help and manuals. */
export const GROUPS = {
  goal: 'What to look for',
  comparing: 'How to compare',
  cells: 'Which cells',
  target: 'Target',
  listen: 'Where to listen',
  load: 'Load',
  cellTimes: 'Times of a cell',
  answer: 'What to answer',
  exchange: 'Each connection',
  responses: 'Responses',
  work: 'Work for each connection',
  limits: 'Limits',
  source: 'Source addresses and ports',
  generator: 'Load generator',
  passOrFail: 'Pass or fail',
  output: 'Output and settings',
} as const;
