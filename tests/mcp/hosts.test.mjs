// The chat hosts themselves, each through one whole repair, and through one with a service and a
// shell, on real guests. The model is a script: what is checked is what reached it.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { claudeCode } from './support/hosts/claude_code.mjs';
import { codex } from './support/hosts/codex.mjs';
import { openCode } from './support/hosts/opencode.mjs';
import { makeProject } from './support/project.mjs';
import { steps as repair } from './support/repair.mjs';
import { run } from './support/run.mjs';
import { ScriptedModel } from './support/scripted_model.mjs';
import { server } from './support/server.mjs';
import { steps as serviceAndShell } from './support/service_and_shell.mjs';
import { PrivateStack } from './support/stack.mjs';
import { writeTranscript } from './support/transcript.mjs';

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const namesOf = (steps) => [...new Set(steps.map(({ tool }) => tool))];

// Calls one tool after the other, and gives up when one says what is no JSON.
const playing = (host, steps, project) => (all) => {
  const first = host.firstCalls(namesOf(steps));
  if (all.length < first.length) return first[all.length];
  const results = all.slice(first.length).map(parsed);
  const step = steps[results.length];
  if (step === undefined || results.includes(undefined)) return { text: 'Done.' };
  return host.call(step.tool, step.args(results[0]?.workspace_id, project, results));
};

// Hosts look for updates, plugins and telemetry's collectors: a proxy that is not there keeps them on
// this host.
const offline = {
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '127.0.0.1,localhost',
};

const scenes = [
  { steps: repair, flags: [], does: 'repairs a project in a workspace', prompt: 'Repair the project.' },
  {
    steps: serviceAndShell,
    flags: ['--profile', 'workspace-full'],
    does: 'runs a service and types into a shell',
    prompt: 'Serve the project and look at it.',
  },
];

const played = [claudeCode, codex, openCode].flatMap((host) =>
  scenes.map((scene, index) => ({ host, number: index + 1, ...scene })),
);
for (const { host, number, steps, flags, does, prompt } of played) {
  test(`${host.title} ${does}`, async (t) => {
    const stack = new PrivateStack(t);
    const project = makeProject(path.join(stack.directory, 'project'));
    const model = new ScriptedModel(playing(host, steps, project));
    await model.listen(t);

    const prepared = host.prepare({
      home: stack.env.HOME,
      url: model.url,
      server: server('--project-path', project, ...flags),
      serverEnv: stack.settings,
      prompt,
    });
    const env = { ...stack.env, ...offline, ...prepared.env };
    const version = await run(t, host.version, { env });
    const done = await run(t, prepared.argv, { env, cwd: project });
    assert.equal(done.code, 0, done.stdout + done.stderr);

    const results = model.results
      .slice(host.firstCalls(namesOf(steps)).length)
      .map((text) => parsed(text) ?? text);
    for (const [index, { tool, verify }] of steps.entries()) {
      assert.equal(typeof results[index], 'object', `${tool}: ${results[index]}\n${done.stdout}`);
      verify(results[index], project);
    }
    const workspaceId = results[0].workspace_id;
    writeTranscript(stack, {
      title: `${host.title} ${does}`,
      file: `${host.title.toLowerCase().replaceAll(' ', '-')}-${number}`,
      version: version.stdout,
      tools: model.tools.map(({ name }) => name).filter((name) => /workspace_|vm_|shell_|service_|snapshot_/.test(name)),
      calls: steps.map(({ tool, args }, index) => ({
        tool,
        args: args(workspaceId, project, results),
        result: results[index],
      })),
    });
    assert.equal(JSON.parse(await stack.pyro('workspace', 'list', '--json')).count, 0);
  });
}
