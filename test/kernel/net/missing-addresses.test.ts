// tier: kernel
import t from 'tap';
import { missingAddresses } from '../../../src/kernel/net/missing-addresses.ts';
import { missingSources } from '../../../src/plan/address/sources.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux';

t.test('addresses that this machine does not have, as Node.js finds them', { skip }, async (t) => {
  // 198.51.100.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849).
  const asked = ['127.0.0.1', '198.51.100.1', '127.9.8.7', '::1', '2001:db8::1', '198.51.100.2'];
  const missing = missingAddresses(asked);
  t.same(missing, ['198.51.100.1', '2001:db8::1', '198.51.100.2']);
  t.same(missing, await missingSources(asked));
  t.same(missingAddresses([]), []);
});
