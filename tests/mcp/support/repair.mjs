// What a coding agent does with a workspace: it finds a check that fails, repairs it, takes the
// result out and leaves nothing behind. The same steps for every client and host.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { broken, check, fixed, patch } from './project.mjs';

// Steps in their order: `args(id, project)`, and `verify(result, project)` of what the model saw.
export const steps = [
  {
    tool: 'workspace_create',
    args: () => ({ name: 'repair' }),
    verify: (workspace, project) => {
      assert.match(workspace.workspace_id, /^[0-9a-f]{12}$/);
      assert.equal(workspace.state, 'started');
      const { mode, origin_kind, origin_ref } = workspace.workspace_seed;
      assert.deepEqual(
        { mode, origin_kind, origin_ref },
        { mode: 'directory', origin_kind: 'project_path', origin_ref: project },
      );
    },
  },
  {
    tool: 'workspace_exec',
    args: (workspace_id) => ({ workspace_id, command: check }),
    verify: (result) => {
      assert.equal(result.exit_code, 1);
      assert.match(result.stderr, /'Hello Ada' != 'Hello, Ada!'/);
    },
  },
  {
    tool: 'workspace_file_read',
    args: (workspace_id) => ({ workspace_id, path: 'greeting.py' }),
    verify: (result) => assert.equal(result.content, broken),
  },
  {
    tool: 'workspace_patch_apply',
    args: (workspace_id) => ({ workspace_id, patch }),
    verify: (result) => {
      assert.equal(result.changed, true);
      assert.equal(result.summary.modified, 1);
    },
  },
  {
    tool: 'workspace_exec',
    args: (workspace_id) => ({ workspace_id, command: check }),
    verify: (result) => assert.equal(result.exit_code, 0),
  },
  {
    tool: 'workspace_diff',
    args: (workspace_id) => ({ workspace_id }),
    verify: (result) => {
      assert.match(result.patch, /^-    return "Hello " \+ name$/m);
      assert.match(result.patch, /^\+    return "Hello, " \+ name \+ "!"$/m);
      assert.ok(result.entries.some((entry) => entry.path === 'greeting.py'));
    },
  },
  {
    tool: 'workspace_export',
    args: (workspace_id, project) => ({
      workspace_id,
      path: 'greeting.py',
      output_path: path.join(project, 'repaired', 'greeting.py'),
    }),
    verify: (result, project) => {
      assert.equal(result.artifact_type, 'file');
      const exported = path.join(project, 'repaired', 'greeting.py');
      assert.equal(fs.readFileSync(exported, 'utf8'), fixed);
    },
  },
  {
    tool: 'workspace_reset',
    args: (workspace_id) => ({ workspace_id }),
    verify: (workspace) => {
      assert.equal(workspace.state, 'started');
      assert.equal(workspace.reset_count, 1);
      assert.equal(workspace.workspace_reset.snapshot_name, 'baseline');
    },
  },
  {
    tool: 'workspace_delete',
    args: (workspace_id) => ({ workspace_id }),
    verify: (result) => assert.equal(result.deleted, true),
  },
];
