/** An echo server for the test of a client of yours; it is closed at the end of the test, whatever happens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { server } from 'conngen';

test('what is sent comes back', async () => {
  await using echo = await server({ host: '127.0.0.1', port: 0 });
  const socket = connect(echo.port, '127.0.0.1');
  socket.end('hello');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'hello');
  socket.destroy();
  const { accepted } = await echo.close();
  assert.equal(accepted, 1);
});
