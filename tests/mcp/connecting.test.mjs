// `pyro host` with the chat hosts themselves, in scratch homes: what it makes of their settings, and
// what they make of what it wrote. No guest starts.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { claudeCode } from './support/hosts/claude_code.mjs';
import { codex } from './support/hosts/codex.mjs';
import { openCode } from './support/hosts/opencode.mjs';
import { makeProject } from './support/project.mjs';
import { run } from './support/run.mjs';
import { ScriptedModel } from './support/scripted_model.mjs';
import { PrivateStack, pyro } from './support/stack.mjs';
import { writeOutcome } from './support/transcript.mjs';

// No host looks for updates and plugins outside of this machine.
const offline = {
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NO_PROXY: '127.0.0.1,localhost',
};

const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, '');

const subjects = [
  {
    host: claudeCode,
    name: 'claude-code',
    file: '.claude.json',
    // Its program writes the whole file: the values stay, and it is no text that people write.
    others: '{\n  "numStartups": 3,\n  "mcpServers": {\n    "other": { "type": "stdio", "command": "/bin/true", "args": [], "env": {} }\n  }\n}\n',
    kept: (now) => now.numStartups === 3 && now.mcpServers.other.command === '/bin/true',
    parse: JSON.parse,
    drift: (text) => text.replace(/"command": "[^"]*pyro"/, '"command": "/nonexistent/pyro"'),
    broken: '{ "mcpServers": { ',
    mendsBroken: false,
    override: (project) => {
      fs.writeFileSync(
        path.join(project, '.mcp.json'),
        JSON.stringify({ mcpServers: { pyro: { command: '/nonexistent/shared' } } }),
      );
    },
    approve: (home) => {
      fs.mkdirSync(path.join(home, '.claude'), { recursive: true });
      fs.writeFileSync(
        path.join(home, '.claude', 'settings.json'),
        JSON.stringify({ enableAllProjectMcpServers: true }),
      );
    },
    sees: ['claude', 'mcp', 'get', 'pyro'],
    connected: /Status: ✔ Connected/,
    serverTool: /^mcp__pyro__/,
    ownTools: ['Bash', 'Edit', 'Write'],
    offered: (model, done) =>
      JSON.parse(done.stdout.split('\n').find((line) => line.includes('"subtype":"init"'))).tools,
  },
  {
    host: codex,
    name: 'codex',
    file: '.codex/config.toml',
    others:
      '# my settings\nmodel = "x" # the best\n\n[mcp_servers.other]\ncommand = "/bin/true" # why\nunknown_key = 1\n',
    keepsBytes: true,
    drift: (text) => text.replace(/command = "[^"]*pyro"/, 'command = "/nonexistent/pyro" # mine'),
    keepsDriftComment: /# mine/,
    broken: 'model = \n[mcp_servers',
    mendsBroken: true,
    override: (project) => {
      fs.mkdirSync(path.join(project, '.codex'));
      fs.writeFileSync(
        path.join(project, '.codex', 'config.toml'),
        '[mcp_servers.pyro]\ncommand = "/nonexistent/shared"\n',
      );
    },
    approve: (home, project) => {
      fs.appendFileSync(
        path.join(home, '.codex', 'config.toml'),
        `\n[projects.${JSON.stringify(project)}]\ntrust_level = "trusted"\n`,
      );
    },
    sees: ['codex', 'mcp', 'get', 'pyro', '--json'],
    connected: /"enabled": true/,
    serverTool: /^workspace_/,
    ownTools: ['exec_command'],
    offered: (model) => model.tools.map(({ name }) => name),
  },
  {
    host: openCode,
    name: 'opencode',
    file: '.config/opencode/opencode.jsonc',
    others:
      '{\n  // my settings\n  "$schema": "https://opencode.ai/config.json",\n  "mcp": {\n    "other": { "type": "local", "command": ["/bin/true"], "enabled": false }, // why\n  },\n}\n',
    keepsBytes: true,
    drift: (text) => text.replace(/"[^"]*\/pyro"/, '"/nonexistent/pyro" /* mine */'),
    broken: '{ "mcp": { "x": ',
    mendsBroken: true,
    override: (project) => {
      fs.writeFileSync(
        path.join(project, 'opencode.json'),
        JSON.stringify({ mcp: { pyro: { command: ['/nonexistent/shared'], enabled: false } } }),
      );
    },
    approve: () => {},
    sees: ['opencode', 'mcp', 'list'],
    connected: /✓ pyro connected/,
    serverTool: /^pyro_/,
    ownTools: ['bash', 'edit', 'write'],
    offered: (model) => model.tools.map(({ name }) => name),
  },
];

class Scene {
  constructor(t, subject) {
    this.t = t;
    this.subject = subject;
    this.stack = new PrivateStack(t);
    this.project = makeProject(path.join(this.stack.directory, 'project'));
    this.home = this.stack.env.HOME;
    this.file = path.join(this.home, subject.file);
    const bin = path.join(this.stack.directory, 'bin');
    fs.mkdirSync(bin);
    for (const { host } of subjects) fs.symlinkSync(host.program, path.join(bin, host.command));
    this.env = { ...this.stack.env, ...offline, PATH: `${bin}:/usr/bin:/bin` };
  }

  run(...argv) {
    return run(this.t, argv, { env: this.env, cwd: this.project });
  }
  async host(...words) {
    const done = await this.run(pyro, 'host', ...words);
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
  }
  async refused(...words) {
    const done = await this.run(pyro, 'host', ...words);
    assert.equal(done.code, 1, done.stdout);
    return done.stderr;
  }
  async doctor(...words) {
    const report = JSON.parse(await this.host('doctor', this.subject.name, '--json', ...words));
    return report.hosts[0];
  }
  write(text) {
    fs.mkdirSync(path.dirname(this.file), { recursive: true });
    fs.writeFileSync(this.file, text);
  }
  read() {
    return fs.readFileSync(this.file, 'utf8');
  }
  // What the host itself says of its entry.
  async seen() {
    const done = await run(this.t, ['/usr/bin/env', ...this.subject.sees], { env: this.env, cwd: this.project });
    return plain(done.stdout + done.stderr);
  }
  async isConnected() {
    assert.match(await this.seen(), this.subject.connected);
    const report = await this.doctor();
    assert.equal(report.status, 'ok', JSON.stringify(report));
    assert.equal(report.start.ok, true);
    assert.ok(report.start.tool_count > 10);
    return report;
  }
}

const cases = [
  {
    title: 'an empty home',
    async act(scene) {
      assert.equal((await scene.doctor()).status, 'missing');
      await scene.host('connect', scene.subject.name);
      await scene.isConnected();
      const again = JSON.parse(await scene.host('repair', scene.subject.name, '--json'));
      assert.equal(again.changed, false);
      await scene.host('disconnect', scene.subject.name);
      const report = await scene.doctor();
      assert.equal(report.status, 'missing');
      return '`connect` adds the entry, the host starts it; `repair` changes nothing more; `disconnect` removes it';
    },
  },
  {
    title: 'other servers and settings',
    async act(scene) {
      const { subject } = scene;
      scene.write(subject.others);
      fs.chmodSync(scene.file, 0o640);
      await scene.host('connect', subject.name);
      if (subject.keepsBytes) {
        const lines = scene.read().split('\n');
        for (const line of subject.others.split('\n')) assert.ok(lines.includes(line), line);
        assert.equal(fs.statSync(scene.file).mode & 0o777, 0o640);
      } else {
        assert.ok(subject.kept(subject.parse(scene.read())));
      }
      await scene.isConnected();
      await scene.host('disconnect', subject.name);
      if (subject.keepsBytes) {
        assert.equal(scene.read(), subject.others);
        return 'every other byte and the mode stay; after `disconnect` the file is as it was';
      }
      assert.ok(subject.kept(subject.parse(scene.read())));
      return "all other values stay; the host's own program writes the file";
    },
  },
  {
    title: 'a drifted entry',
    async act(scene) {
      const { subject } = scene;
      await scene.host('connect', subject.name, '--mode', 'repro-fix');
      const file = subject.name === 'opencode' ? scene.file.replace('jsonc', 'json') : scene.file;
      fs.writeFileSync(file, subject.drift(fs.readFileSync(file, 'utf8')));
      const report = await scene.doctor();
      assert.equal(report.status, 'drifted');
      assert.match(report.drift[0], /^command is .*\/nonexistent\/pyro/);
      assert.equal(report.start.ok, false);
      assert.ok(report.repair_command.endsWith(`host repair ${subject.name}`), report.repair_command);
      await scene.host('repair', subject.name);
      const mended = await scene.isConnected();
      assert.ok(mended.server_command.join(' ').endsWith('mcp serve --mode repro-fix'));
      if (subject.keepsDriftComment) assert.match(scene.read(), subject.keepsDriftComment);
      return '`doctor` names each difference and that the entry does not start; `repair` mends it and keeps its flags';
    },
  },
  {
    title: 'a file that cannot be parsed',
    async act(scene) {
      const { subject } = scene;
      scene.write(subject.broken);
      const said = await scene.refused('connect', subject.name);
      assert.match(said, /cannot be read \(line \d+: /);
      assert.equal(scene.read(), subject.broken);
      const report = await scene.doctor();
      assert.equal(report.status, 'drifted');
      if (!subject.mendsBroken) {
        await scene.refused('repair', subject.name);
        assert.equal(scene.read(), subject.broken);
        return '`connect` and `repair` refuse with the line, and name the copies that the host keeps; nothing changes';
      }
      const mended = JSON.parse(await scene.host('repair', subject.name, '--json'));
      assert.equal(fs.readFileSync(mended.backup_path, 'utf8'), subject.broken);
      await scene.isConnected();
      return '`connect` refuses with the line; `repair` keeps the file as `.bak-TIMESTAMP` and writes a new one';
    },
  },
  {
    title: 'a read-only file',
    async act(scene) {
      const { subject } = scene;
      scene.write(subject.others);
      fs.chmodSync(scene.file, 0o444);
      assert.match(await scene.refused('connect', subject.name), /is read-only: run `chmod u\+w /);
      assert.equal(scene.read(), subject.others);
      return 'refused with the command that makes it writable; nothing changes';
    },
  },
  {
    title: 'a symlinked file',
    async act(scene) {
      const { subject } = scene;
      const target = path.join(scene.stack.directory, 'dotfile');
      fs.writeFileSync(target, subject.others);
      fs.mkdirSync(path.dirname(scene.file), { recursive: true });
      fs.symlinkSync(target, scene.file);
      await scene.host('connect', subject.name);
      assert.ok(fs.lstatSync(scene.file).isSymbolicLink());
      assert.match(fs.readFileSync(target, 'utf8'), /serve/);
      await scene.isConnected();
      return 'the link stays, its target changes';
    },
  },
  {
    title: "a project's file that overrides",
    async act(scene) {
      const { subject } = scene;
      await scene.host('connect', subject.name);
      subject.override(scene.project);
      subject.approve(scene.home, scene.project);
      const report = await scene.doctor();
      assert.equal(report.status, 'drifted', JSON.stringify(report));
      assert.equal(report.scope, 'project');
      assert.ok(report.details.some((detail) => /overrides/.test(detail)), report.details.join('\n'));
      assert.ok(report.details.some((detail) => /was not tried/.test(detail)));
      assert.match(report.repair_command, /--config-path|mcp remove pyro -s project/);
      const done = await scene.run('/bin/sh', '-c', report.repair_command);
      assert.equal(done.code, 0, done.stderr);
      await scene.isConnected();
      return "`doctor` names the file, starts no program of a project's, and the command that it gives mends it";
    },
  },
  {
    title: '`--deny-host-tools`',
    async act(scene) {
      const { subject } = scene;
      await scene.host('connect', subject.name, '--deny-host-tools');
      const model = new ScriptedModel(() => ({ text: 'Done.' }));
      await model.listen(scene.t);
      const prepared = subject.host.prepareConnected({ home: scene.home, url: model.url, prompt: 'hi' });
      if (subject.name === 'codex') {
        assert.equal((await scene.doctor()).host_tools, 'allowed');
        subject.approve(scene.home, scene.project);
      }
      assert.equal((await scene.doctor()).host_tools, 'denied');
      const offered = async () => {
        const env = { ...scene.env, ...prepared.env };
        const done = await run(scene.t, prepared.argv, { env, cwd: scene.project });
        assert.equal(done.code, 0, done.stdout + done.stderr);
        return subject.offered(model, done);
      };
      const denied = await offered();
      for (const tool of subject.ownTools) assert.ok(!denied.includes(tool), denied.join(' '));
      assert.ok(denied.some((tool) => subject.serverTool.test(tool)), denied.join(' '));
      await scene.host('disconnect', subject.name);
      assert.equal((await scene.doctor()).host_tools, 'allowed');
      const given = await offered();
      for (const tool of subject.ownTools) assert.ok(given.includes(tool), given.join(' '));
      assert.ok(!given.some((tool) => subject.serverTool.test(tool)), given.join(' '));
      return `the model is not offered ${subject.ownTools.map((tool) => `\`${tool}\``).join(', ')}, and is offered pyro's tools; after \`disconnect\` it is the other way round`;
    },
  },
];

for (const subject of subjects) {
  const outcomes = [];
  for (const { title, act } of cases) {
    test(`${subject.host.title}: ${title}`, async (t) => {
      outcomes.push([title, await act(new Scene(t, subject))]);
    });
  }
  test(`${subject.host.title}: what came of it is written down`, async (t) => {
    const version = await run(t, subject.host.version, { env: process.env });
    assert.equal(outcomes.length, cases.length, 'a case above failed');
    writeOutcome({ host: subject.host.title, file: subject.name, version: version.stdout, outcomes });
  });
}
