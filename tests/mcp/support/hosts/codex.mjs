import fs from 'node:fs';
import path from 'node:path';

import { hostPackaged } from '../packages.mjs';

const program = hostPackaged('@openai/codex/vendor/x86_64-unknown-linux-musl/bin/codex');

// A JSON string is a TOML string as well.
const toml = JSON.stringify;

// What makes the model at `url` the one that Codex talks to.
const modelSettings = (url) => `model = "scripted"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = ${toml(`${url}/v1`)}
wire_api = "responses"
env_key = "SCRIPTED_KEY"
`;

export const codex = {
  title: 'Codex',
  command: 'codex',
  program,
  version: [program, '--version'],
  firstCalls: () => [],
  call: (name, args) => ({ tool: name, namespace: 'mcp__pyro', args }),

  prepare({ home, url, server: [command, ...args], serverEnv, prompt }) {
    const directory = path.join(home, '.codex');
    fs.mkdirSync(directory);
    const environment = Object.entries(serverEnv).map(([name, value]) => `${name} = ${toml(value)}`);
    const config = `${modelSettings(url)}
[mcp_servers.pyro]
command = ${toml(command)}
args = ${toml(args)}
default_tools_approval_mode = "approve"

[mcp_servers.pyro.env]
${environment.join('\n')}
`;
    fs.writeFileSync(path.join(directory, 'config.toml'), config);
    return {
      argv: [program, 'exec', '--skip-git-repo-check', '--json', prompt],
      env: { CODEX_HOME: directory, SCRIPTED_KEY: 'none' },
    };
  },

  // The same with the servers that are in the settings of `home` already.
  prepareConnected({ home, url, prompt }) {
    const file = path.join(home, '.codex', 'config.toml');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const old = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    fs.writeFileSync(file, `${modelSettings(url)}\n${old}`);
    return {
      argv: [program, 'exec', '--skip-git-repo-check', '--json', prompt],
      env: { SCRIPTED_KEY: 'none' },
    };
  },
};
