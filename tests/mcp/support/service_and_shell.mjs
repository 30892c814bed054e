// What a coding agent does with a server that it runs and a terminal that it types into. The same
// steps for every host.
import assert from 'node:assert/strict';

const web = { service_name: 'web' };
const shellOf = (results) => results.find((result) => result.shell_id !== undefined)?.shell_id;

// As those of a repair; `args(id, project, results)` also gets what came before.
export const steps = [
  {
    tool: 'workspace_create',
    args: () => ({ name: 'serve' }),
    verify: (workspace) => assert.equal(workspace.state, 'started'),
  },
  {
    tool: 'service_start',
    args: (workspace_id) => ({
      workspace_id,
      ...web,
      command: 'exec python3 -u -m http.server 8000',
      ready_http: 'http://localhost:8000/',
      ready_timeout_seconds: 120,
    }),
    verify: (service) => {
      assert.equal(service.state, 'running');
      assert.equal(service.readiness.type, 'http');
    },
  },
  {
    tool: 'service_list',
    args: (workspace_id) => ({ workspace_id }),
    verify: (list) => assert.equal(list.running_count, 1),
  },
  {
    tool: 'shell_open',
    args: (workspace_id) => ({ workspace_id }),
    verify: (shell) => assert.equal(shell.state, 'running'),
  },
  {
    tool: 'shell_write',
    args: (workspace_id, project, results) => ({
      workspace_id,
      shell_id: shellOf(results),
      input: 'curl -s localhost:8000/greeting.py | head -n 1; echo said-$((40 + 2))',
    }),
    verify: (written) => assert.ok(written.input_length > 0),
  },
  {
    tool: 'shell_read',
    args: (workspace_id, project, results) => ({
      workspace_id,
      shell_id: shellOf(results),
      plain: true,
      wait_for_idle_ms: 3000,
    }),
    verify: (read) => assert.match(read.output, /\ndef greet.*\nsaid-42\n/),
  },
  {
    tool: 'service_logs',
    args: (workspace_id) => ({ workspace_id, ...web }),
    verify: (log) => assert.match(log.stderr, /"GET \/greeting\.py HTTP/),
  },
  {
    tool: 'shell_close',
    args: (workspace_id, project, results) => ({ workspace_id, shell_id: shellOf(results) }),
    verify: (shell) => assert.equal(shell.closed, true),
  },
  {
    tool: 'service_stop',
    args: (workspace_id) => ({ workspace_id, ...web }),
    verify: (service) => assert.equal(service.stop_reason, 'sigterm'),
  },
  {
    tool: 'workspace_delete',
    args: (workspace_id) => ({ workspace_id }),
    verify: (result) => assert.equal(result.deleted, true),
  },
];
