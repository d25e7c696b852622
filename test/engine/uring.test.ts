// tier: kernel
import t from 'tap';
import { engineConformance } from './conformance/engine.ts';

await engineConformance(t, 'uring');
