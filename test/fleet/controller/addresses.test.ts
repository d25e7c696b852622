import t from 'tap';
import { addressError } from '../../../src/fleet/controller/addresses.ts';

t.test('one address for all is no reason to refuse', async (t) => {
  const agents = [
    { name: 'a', address: '10.0.9.9' },
    { name: 'b', address: '10.0.9.9' },
  ];
  t.equal(addressError('tgt.example', '10.0.9.9', agents), null);
});

t.test('agents with different addresses for a name: who finds what', async (t) => {
  const agents = [
    { name: 'a', address: '10.0.9.10' },
    { name: 'b', address: '10.0.9.9' },
    { name: 'c', address: '10.0.9.10' },
  ];
  const error = addressError('tgt.example', '10.0.9.9', agents);
  t.equal(
    error?.message,
    `tgt.example is not the same address everywhere
  a, c find 10.0.9.10
  b finds 10.0.9.9
  this controller finds 10.0.9.9`,
  );
  t.match(error, { code: 'fleet_addresses', hint: /give an address/ });
});

t.test('agents that agree on another address than the controller has', async (t) => {
  const error = addressError('tgt.example', '10.0.9.9', [{ name: 'a', address: '10.0.9.10' }]);
  t.match(error?.message, /a finds 10\.0\.9\.10\n {2}this controller finds 10\.0\.9\.9$/);
});
