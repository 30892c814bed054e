// The official conformance suite, over the protocol layer with the tools that the suite asks for.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { bridge } from './support/bridge.mjs';
import { packaged } from './support/packages.mjs';
import { run } from './support/run.mjs';

const suite = packaged('@modelcontextprotocol/conformance/dist/index.js');

for (const revision of ['2025-11-25', '2026-07-28']) {
  test(`the server does what ${revision} requires of one that offers tools`, async (t) => {
    const url = await bridge(t, [process.env.PYRO_MCP_FIXTURE]);
    const expected = path.join(import.meta.dirname, 'conformance', `${revision}.yml`);
    const done = await run(t, [
      ...[process.execPath, suite, 'server', '--url', url],
      ...['--requirements', revision, '--expected-failures', expected],
    ]);
    assert.equal(done.code, 0, done.stdout + done.stderr);
  });
}
