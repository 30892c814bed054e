// The official clients against real guests.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Peer } from './support/peer.mjs';
import { makeProject } from './support/project.mjs';
import { steps } from './support/repair.mjs';
import { connect } from './support/sdk.mjs';
import { server } from './support/server.mjs';
import { PrivateStack } from './support/stack.mjs';

const patience = { timeout: 180_000 };

// A connected client of a server on `stack`, and `use`: a call that succeeds with an object, which the
// client has checked against the tool's schema, and with a text that says the same.
async function user(t, stack, kind, ...flags) {
  const session = await connect(t, kind, server(...flags), { env: stack.env, cwd: stack.env.HOME });
  const use = async (name, args = {}, options = {}) => {
    const result = await session.call(name, args, { ...patience, ...options });
    assert.ok(!result.isError, `${name}: ${result.content[0].text}`);
    assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent, name);
    return result.structuredContent;
  };
  return { ...session, use };
}

for (const kind of ['SDK v1', 'SDK v2, modern']) {
  test(`${kind} repairs a project in a workspace`, async (t) => {
    const stack = new PrivateStack(t);
    const project = makeProject(path.join(stack.directory, 'project'));
    const { use, errors } = await user(t, stack, kind, '--project-path', project);
    let workspaceId;
    for (const { tool, args, verify } of steps) {
      const result = await use(tool, args(workspaceId, project));
      workspaceId ??= result.workspace_id;
      verify(result, project);
    }
    assert.equal((await use('workspace_list')).count, 0);
    assert.deepEqual(errors, []);
  });
}

test('every tool returns what its schema promises', async (t) => {
  const stack = new PrivateStack(t);
  const project = makeProject(path.join(stack.directory, 'project'));
  const { use, tools } = await user(
    t,
    stack,
    'SDK v1',
    ...['--profile', 'workspace-full', '--project-path', project],
    ...['--network-policy', 'egress+published-ports', '--allow-domain', 'allowed.example'],
  );
  const used = new Set();
  const call = (name, args) => {
    used.add(name);
    return use(name, args);
  };
  const environment = 'debian:12';

  await call('vm_list_environments');
  await call('vm_run', { environment, command: 'true' });
  const { vm_id } = await call('vm_create', { environment });
  for (const name of ['vm_start', 'vm_status', 'vm_network_info', 'vm_stop', 'vm_delete']) {
    await call(name, { vm_id });
  }
  const once = { vm_id: (await call('vm_create', { environment })).vm_id };
  await call('vm_start', once);
  await call('vm_exec', { ...once, command: 'true' });
  await call('vm_reap_expired');

  fs.writeFileSync(path.join(project, 'token'), 'hunter22');
  const { workspace_id, secrets } = await call('workspace_create', {
    labels: { kind: 'test' },
    secrets: [
      { name: 'password', value: 'correct horse' },
      { name: 'token', file_path: path.join(project, 'token') },
      { name: 'key', value: 'key-of-an-api', hosts: ['allowed.example'] },
    ],
  });
  assert.deepEqual(secrets, [
    { name: 'password', source_kind: 'literal', hosts: [] },
    { name: 'token', source_kind: 'file', hosts: [] },
    { name: 'key', source_kind: 'literal', hosts: ['allowed.example'] },
  ]);
  const here = (name, args = {}) => call(name, { workspace_id, ...args });
  await call('workspace_list');
  await here('workspace_update', { name: 'all tools', clear_labels: ['kind'] });
  const { job_id } = await here('workspace_exec', { command: 'echo out; echo err >&2; exit 3' });
  assert.equal((await here('workspace_exec_poll', { job_id })).exit_code, 3);
  assert.equal((await here('workspace_exec_cancel', { job_id })).state, 'exited');
  const printed = await here('workspace_exec', {
    command: 'echo "$PASSWORD"; cat /run/pyro-secrets/token; cut -c 1-11 /run/pyro-secrets/key',
    secret_env: { PASSWORD: 'password' },
  });
  assert.equal(printed.stdout, '[REDACTED]\n[REDACTED]pyro_secret\n');
  assert.equal((await here('workspace_network_show')).network_policy, 'egress+published-ports');
  await here('workspace_network_update', { learn: true });
  const denied = await here('workspace_exec', { command: 'getent hosts denied.example || true' });
  assert.equal(denied.egress_denied[0].name, 'denied.example');
  assert.match(denied.hint, /network update .* --allow-domain denied\.example/);
  assert.equal((await here('workspace_network_log', { denied: true })).entries.length > 0, true);
  await here('workspace_network_learned');
  const [{ host_port }] = (await here('workspace_port_open', { guest_port: 8000 })).ports;
  assert.equal((await here('workspace_port_list')).ports[0].host_port, host_port);
  await here('workspace_port_close', { host_port });
  await here('workspace_file_list', { recursive: true });
  await here('workspace_file_read', { path: 'greeting.py', offset: 4, max_bytes: 5 });
  await here('workspace_file_write', { path: 'new/note.txt', text: 'A note.\n' });
  await here('workspace_patch_apply', { patch: steps[3].args().patch });
  await here('workspace_sync_push', { source_path: project, dest: '/workspace/again' });
  await here('workspace_export', { path: 'new', output_path: path.join(project, 'out') });
  assert.equal(fs.readFileSync(path.join(project, 'out/note.txt'), 'utf8'), 'A note.\n');
  for (const name of ['workspace_diff', 'workspace_logs', 'workspace_summary', 'workspace_status']) {
    await here(name);
  }
  await here('snapshot_create', { snapshot_name: 'noted' });
  await here('snapshot_list');
  await here('workspace_reset', { snapshot: 'noted' });
  await here('snapshot_delete', { snapshot_name: 'noted' });
  const web = { service_name: 'web' };
  const started = await here('service_start', {
    ...web,
    command: 'exec python3 -m http.server 8000',
    ready_http: 'http://localhost:8000/',
  });
  assert.equal(started.state, 'running');
  assert.equal((await here('service_status', web)).state, 'running');
  assert.equal((await here('service_list')).running_count, 1);
  assert.match((await here('service_logs', web)).stderr, /GET \//);
  assert.equal((await here('service_stop', web)).stop_reason, 'sigterm');
  const { shell_id } = await here('shell_open');
  await here('shell_write', { shell_id, input: 'echo $((40 + 2))' });
  const read = await here('shell_read', { shell_id, plain: true, wait_for_idle_ms: 1000 });
  assert.match(read.output, /^42$/m);
  await here('shell_signal', { shell_id });
  assert.equal((await here('shell_close', { shell_id })).closed, true);
  await here('workspace_stop');
  await here('workspace_disk_list', { path: '/etc' });
  assert.equal(
    (await here('workspace_disk_read', { path: '/workspace/new/note.txt' })).content,
    'A note.\n',
  );
  await here('workspace_disk_export', { output_path: path.join(project, 'disk.ext4') });
  await here('workspace_start');
  await here('workspace_delete');

  assert.deepEqual([...used].sort(), tools.map(({ name }) => name).sort());
  for (const { name, outputSchema } of tools) assert.ok(outputSchema, `${name} has no output schema`);
});

test('a client that waits for a command sees progress that only grows', async (t) => {
  const { use } = await user(t, new PrivateStack(t), 'SDK v2, auto');
  const { workspace_id } = await use('workspace_create');
  const seen = [];
  const twice = Promise.withResolvers();
  const onprogress = ({ progress }) => {
    if (seen.push(progress) === 2) twice.resolve();
  };
  const command = 'until [ -e seen ]; do sleep 0.02; done';
  const waiting = use('workspace_exec', { workspace_id, command }, { onprogress });
  await Promise.race([twice.promise, waiting]);
  await use('workspace_exec', { workspace_id, command: 'touch seen' });
  assert.equal((await waiting).exit_code, 0);
  assert.ok(seen.length >= 2, `${seen.length}`);
  assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => a - b));
});

// Runs a command that never ends, whose process id is in /workspace/pid once it runs.
const endless = { command: 'echo $$ > pid.new; mv pid.new pid; exec sleep 3600', timeout_seconds: 3600 };
const begun = { command: 'until [ -e pid ]; do sleep 0.02; done', timeout_seconds: 60 };
const ended = { command: 'while [ -d /proc/$(cat pid) ]; do sleep 0.02; done', timeout_seconds: 60 };

for (const kind of ['SDK v1', 'SDK v2, modern']) {
  test(`a command that ${kind} cancels ends in the guest`, async (t) => {
    const { use, call } = await user(t, new PrivateStack(t), kind);
    const { workspace_id } = await use('workspace_create');
    const cancelling = new AbortController();
    const options = { ...patience, signal: cancelling.signal };
    const waiting = call('workspace_exec', { workspace_id, ...endless }, options);
    waiting.catch(() => {}); // awaited below, and it may fail earlier
    assert.equal((await use('workspace_exec', { workspace_id, ...begun })).exit_code, 0);
    cancelling.abort('enough');
    await assert.rejects(waiting, /enough/);
    assert.equal((await use('workspace_exec', { workspace_id, ...ended })).exit_code, 0);
  });
}

test('a server that ends during a call leaves its command running, and the workspace to the next one', async (t) => {
  const stack = new PrivateStack(t);
  const { use } = await user(t, stack, 'SDK v1');
  const { workspace_id } = await use('workspace_create');
  const endings = [(child) => child.stdin.end(), (child) => child.kill('SIGTERM')];
  for (const end of endings) {
    const peer = new Peer(t, server(), { env: stack.env, cwd: stack.env.HOME });
    await peer.initialize();
    peer.request('tools/call', { name: 'workspace_exec', arguments: { workspace_id, ...endless } });
    assert.equal((await use('workspace_exec', { workspace_id, ...begun })).exit_code, 0);
    end(peer.process);
    assert.deepEqual(await peer.exited, { code: 0, signal: null });
    const command = 'kill -0 $(cat pid) && rm pid';
    assert.equal((await use('workspace_exec', { workspace_id, command })).exit_code, 0);
  }
});

test('two servers use one stack, and one workspace, at once', async (t) => {
  const stack = new PrivateStack(t);
  const first = await user(t, stack, 'SDK v1');
  const second = await user(t, stack, 'SDK v2, auto');
  const { workspace_id } = await first.use('workspace_create');
  assert.equal((await second.use('workspace_list')).workspaces[0].workspace_id, workspace_id);
  const both = await Promise.all([
    first.use('workspace_exec', { workspace_id, command: 'until [ -e said ]; do sleep 0.02; done' }),
    second.use('workspace_exec', { workspace_id, command: 'touch said' }),
  ]);
  assert.deepEqual(both.map(({ exit_code: code }) => code), [0, 0]);
  await second.client.close();
  assert.equal((await first.use('workspace_delete', { workspace_id })).deleted, true);
});
