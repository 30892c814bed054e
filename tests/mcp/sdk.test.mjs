// The official clients against a server that no stack stands behind, and against the fixture.
import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, sdkClients } from './support/sdk.mjs';
import { server } from './support/server.mjs';
import { PrivateStack } from './support/stack.mjs';

const fixture = [process.env.PYRO_MCP_FIXTURE];

// What is wrong with the arguments of vm_run, and the words that say so.
const wrong = [
  [{ command: 'true', vcpu_count: 99 }, ['vcpu_count', '99', '1', '8']],
  [{ command: 'true', mem_mib: 1 }, ['mem_mib', '1', '256', '32768']],
  [{ command: 'true', timeout_seconds: 0 }, ['timeout_seconds', '0', 'positive']],
  [{ command: 'true', vcpu_count: 'many' }, ['vcpu_count', 'many', 'integer']],
  [{ command: 'true', color: 'red' }, ['color']],
  [{}, ['command', 'required']],
];

for (const [kind, { version }] of Object.entries(sdkClients)) {
  const connected = (t, command = server()) => {
    const { env } = new PrivateStack(t);
    return connect(t, kind, command, { env, cwd: env.HOME });
  };

  test(`${kind} speaks ${version} with the server`, async (t) => {
    const session = await connected(t);
    assert.equal(session.version, version);
    assert.equal(session.client.getServerVersion().name, 'pyro');
    assert.deepEqual(session.client.getServerCapabilities(), { tools: {} });
    assert.ok(session.tools.some(({ name }) => name === 'workspace_create'));
    assert.deepEqual(session.errors, []);
  });

  test(`${kind} learns that there is no such tool`, async (t) => {
    const session = await connected(t);
    await assert.rejects(session.call('no_such_tool'), { code: -32602 });
  });

  test(`${kind} gets a sentence with field, value and range about each wrong argument`, async (t) => {
    const session = await connected(t);
    for (const [args, words] of wrong) {
      const result = await session.call('vm_run', { environment: 'debian:12', ...args });
      assert.equal(result.isError, true, JSON.stringify(args));
      const { error } = result.structuredContent;
      assert.equal(error.reason, 'invalid_argument');
      assert.ok(result.content[0].text.startsWith(error.message), error.message);
      for (const word of words) assert.ok(result.content[0].text.includes(word), result.content[0].text);
    }
  });

  test(`${kind} sees progress that only grows`, async (t) => {
    const session = await connected(t, fixture);
    // A client takes for an unknown call's what it reads together with the result. On a busy
    // machine it may read that late.
    let seen = [];
    for (let attempt = 0; attempt < 10; ++attempt) {
      session.errors.length = 0;
      seen = [];
      const onprogress = ({ progress }) => seen.push(progress);
      await session.call('test_tool_with_progress', {}, { onprogress });
      assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => a - b));
      if (seen.length > 0 && session.errors.length === 0) break;
    }
    assert.ok(seen.length > 0);
    assert.deepEqual(session.errors, []);
  });

  test(`${kind} cancels a call and goes on`, async (t) => {
    const session = await connected(t, fixture);
    const cancelling = new AbortController();
    const begun = Promise.withResolvers();
    const options = { signal: cancelling.signal, onprogress: begun.resolve };
    const lasting = session.call('test_lasting', {}, options);
    await Promise.race([begun.promise, lasting]);
    cancelling.abort('enough');
    await assert.rejects(lasting, /enough/);
    assert.equal((await session.call('test_cancelled')).content[0].text, 'cancelled');
    assert.deepEqual(session.errors, []);
  });
}

test('a second client is served while the first one stays', async (t) => {
  const { env } = new PrivateStack(t);
  const first = await connect(t, 'SDK v1', server(), { env, cwd: env.HOME });
  const second = await connect(t, 'SDK v2, auto', server(), { env, cwd: env.HOME });
  assert.deepEqual(
    second.tools.map(({ name }) => name),
    first.tools.map(({ name }) => name),
  );
  await second.client.close();
  await assert.rejects(first.call('no_such_tool'), { code: -32602 });
});
