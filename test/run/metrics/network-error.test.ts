import t from 'tap';
import { networkErrorText } from '../../../src/run/metrics/network-error.ts';

const errorOf = (code: string, message: string): Error => Object.assign(new Error(message), { code });

t.test('a sentence with the code, not what the system or OpenSSL calls it', (t) => {
  const cases: [error: Error, text: string][] = [
    [errorOf('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), 'nothing listens there (ECONNREFUSED)'],
    [
      errorOf('EAI_AGAIN', 'getaddrinfo EAI_AGAIN nosuch.invalid'),
      'its name could not be resolved: no name server answers (EAI_AGAIN)',
    ],
    [
      errorOf(
        'EPROTO',
        'write EPROTO 805C:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:1:\n',
      ),
      'it does not answer in TLS: an http:// URL may be meant (EPROTO)',
    ],
    [errorOf('CERT_HAS_EXPIRED', 'certificate has expired'), 'its certificate has expired (CERT_HAS_EXPIRED)'],
    [errorOf('ENEW', 'something\u001b[2J\nelse'), 'something\\u001b[2J (ENEW)'],
    [errorOf('ENEW', 'connect ENEW'), 'connect ENEW'],
    [new Error('something'), 'something'],
  ];
  for (const [error, text] of cases) t.equal(networkErrorText(error), text);
  t.end();
});
