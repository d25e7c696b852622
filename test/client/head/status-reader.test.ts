import fc from 'fast-check';
import t from 'tap';
import { StatusReader } from '../../../src/client/head/status-reader.ts';
import { NO_RESPONSE, NOT_HTTP } from '../../../src/count/load.ts';
import { holds } from '../../support/property.ts';

const INTERIM = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n';

const CASES: readonly (readonly [text: string, index: number])[] = [
  ['HTTP/1.1 200 OK\r\n\r\n', 200],
  ['HTTP/1.0 404 Not Found\r\n', 404],
  ['HTTP/1.1 503\r\n', 503],
  ['HTTP/1.1 999', 999],
  ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 101],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n', 200],
  [`${INTERIM}${INTERIM}HTTP/1.1 304 Not Modified\r\n`, 304],
  ['HTTP/1.1 100 Continue\n\nHTTP/1.1 404 Not Found\n', 404],
  ['HTTP/1.1 102 Processing\r\nA: \r b\r\n\r\nHTTP/1.1 500 Oh\r\n', 500],
  [INTERIM, NOT_HTTP],
  [`${INTERIM}<html>HTTP/1.1 200 OK`, NOT_HTTP],
  ['HTTP/1.1 20', NOT_HTTP],
  ['HTTP/1.1', NOT_HTTP],
  ['H', NOT_HTTP],
  ['HTTP/1.1 020 OK\r\n', NOT_HTTP],
  ['HTTP/1.x 200 OK\r\n', NOT_HTTP],
  ['HTTP/1.1  200 OK\r\n', NOT_HTTP],
  ['HTTP/2 200\r\n', NOT_HTTP],
  ['GET / HTTP/1.1\r\n', NOT_HTTP],
  ['\r\nHTTP/1.1 200 OK', NOT_HTTP],
];

t.test('the status of a response, however its bytes are cut', async (t) => {
  const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 40 });
  holds(
    t,
    fc.property(fc.constantFrom(...CASES), cuts, ([text, index], sizes) => {
      const reader = new StatusReader(2);
      reader.begin(1);
      const bytes = Buffer.from(text);
      let from = 0;
      for (let turn = 0; from < bytes.length; turn++) {
        const to = Math.min(bytes.length, from + sizes[turn % sizes.length]!);
        reader.read(1, bytes, from, to);
        from = to;
      }
      return reader.indexOf(1) === index && (index === NOT_HTTP || reader.isSettled(1));
    }),
  );
});

t.test('slots are apart, and each response begins anew', async (t) => {
  const reader = new StatusReader(2);
  const read = (slot: number, text: string): void => reader.read(slot, Buffer.from(text), 0, text.length);
  reader.begin(0);
  reader.begin(1);
  t.same([reader.indexOf(0), reader.isSettled(0)], [NO_RESPONSE, false]);
  read(0, 'HTTP/1.1 2');
  read(1, 'HTTP/1.1 404 Not Found');
  read(0, '04 No Content');
  t.same([reader.indexOf(0), reader.indexOf(1)], [204, 404]);
  read(0, 'HTTP/1.1 500 of a second response');
  t.equal(reader.indexOf(0), 204, 'what follows changes nothing');
  reader.begin(0);
  t.same([reader.indexOf(0), reader.isSettled(0)], [NO_RESPONSE, false]);
});
