// The Inspector without its window: its --strict names whatever in a schema some client cannot take.
import assert from 'node:assert/strict';
import test from 'node:test';

import { offers } from './support/contract.mjs';
import { inspect } from './support/inspector.mjs';
import { server } from './support/server.mjs';
import { PrivateStack } from './support/stack.mjs';

for (const era of ['legacy', 'modern']) {
  for (const { title, flags, names } of offers) {
    test(`the Inspector (${era}) finds nothing in the tools of ${title} that is not portable`, async (t) => {
      const done = await inspect(
        t,
        new PrivateStack(t),
        server(...flags),
        ...['--protocol-era', era, '--method', 'tools/list', '--strict'],
      );
      assert.equal(done.code, 0, done.stderr);
      assert.doesNotMatch(done.stderr, /^ {2}Issue: /m);
      assert.equal(JSON.parse(done.stdout).tools.length, names.length);
    });
  }

  test(`the Inspector (${era}) calls a tool`, async (t) => {
    const done = await inspect(
      t,
      new PrivateStack(t),
      server(),
      ...['--protocol-era', era, '--method', 'tools/call', '--tool-name', 'workspace_list'],
    );
    assert.equal(done.code, 0, done.stderr);
    const { structuredContent } = JSON.parse(done.stdout);
    assert.deepEqual(structuredContent, { count: 0, workspaces: [], truncated: false });
  });
}
