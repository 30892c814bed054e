// What a server's process does, whoever speaks to it: it begins no stack by itself and ends at once.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Peer, modernMeta } from './support/peer.mjs';
import { run } from './support/run.mjs';
import { server } from './support/server.mjs';
import { PrivateStack, pyro } from './support/stack.mjs';

const start = (t, stack) => new Peer(t, server(), { env: stack.env, cwd: stack.env.HOME });

const endings = {
  'the end of its input': (peer) => peer.process.stdin.end(),
  SIGTERM: (peer) => peer.process.kill('SIGTERM'),
  SIGINT: (peer) => peer.process.kill('SIGINT'),
};
const moments = {
  'that has said nothing yet': () => {},
  'of the older era': (peer) => peer.initialize(),
  'of the newer era': (peer) => peer.request('tools/list', { _meta: modernMeta }),
};

for (const [ending, end] of Object.entries(endings)) {
  for (const [moment, reach] of Object.entries(moments)) {
    test(`a session ${moment} ends with ${ending}`, async (t) => {
      const peer = start(t, new PrivateStack(t));
      await reach(peer);
      end(peer);
      const { code, signal } = await peer.exited;
      // One that is ended before it has begun has no handler yet.
      const unready = moment === 'that has said nothing yet' && signal === ending;
      assert.ok(code === 0 || unready, `exit status ${code}, signal ${signal}`);
    });
  }
}

test('the tools are listed without a stack, and none is started for it', async (t) => {
  const stack = new PrivateStack(t);
  const peer = start(t, stack);
  await peer.initialize();
  assert.ok((await peer.request('tools/list')).result.tools.length > 0);
  assert.deepEqual(stack.processes(), ['pyro']);
  assert.deepEqual(stack.runtimeFiles(), []);
});

test('the tools are the same once a stack runs', async (t) => {
  const stack = new PrivateStack(t);
  const peer = start(t, stack);
  await peer.initialize();
  const before = await peer.request('tools/list');
  await stack.pyro('stack', 'up');
  const after = await peer.request('tools/list');
  assert.deepEqual(after.result, before.result);
});

test('an argument that is wrong is refused without a stack', async (t) => {
  const stack = new PrivateStack(t);
  const peer = start(t, stack);
  await peer.initialize();
  const call = { name: 'vm_run', arguments: { environment: 'debian:12', command: 'id', vcpu_count: 9 } };
  assert.equal((await peer.request('tools/call', call)).result.isError, true);
  assert.deepEqual(stack.processes(), ['pyro']);
});

test('a flag that there is not is a usage error, before any request', async (t) => {
  const { env } = new PrivateStack(t);
  for (const flags of [['--mode', 'none'], ['--mode', 'inspect', '--profile', 'vm-run'], ['--x']]) {
    const done = await run(t, [pyro, 'mcp', 'serve', ...flags], { env });
    assert.equal(done.code, 2, flags.join(' '));
    assert.equal(done.stdout, '');
  }
});
