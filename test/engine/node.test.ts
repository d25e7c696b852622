// tier: kernel
import t from 'tap';
import { NodeServerEngine } from '../../src/engine/node/server.ts';
import { engineConformance } from './conformance/engine.ts';

await engineConformance(t, 'node', {
  ...(NodeServerEngine.supportsReusePort() ? {} : { noReusePort: 'needs Node 22.12 or 23.1 (reusePort)' }),
  noResetBehindEnd: 'libuv watches a connection no longer once its end was read',
  noAcceptErrors: 'libuv answers EMFILE by itself and does not tell',
});
