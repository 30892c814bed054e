import fs from 'node:fs';
import path from 'node:path';

import { hostPackaged } from '../packages.mjs';

const program = hostPackaged('@openai/codex/vendor/x86_64-unknown-linux-musl/bin/codex');

// A JSON string is a TOML string as well.
const toml = JSON.stringify;

export const codex = {
  title: 'Codex',
  version: [program, '--version'],
  firstCalls: () => [],
  call: (name, args) => ({ tool: name, namespace: 'mcp__pyro', args }),

  prepare({ home, url, server: [command, ...args], serverEnv, prompt }) {
    const directory = path.join(home, '.codex');
    fs.mkdirSync(directory);
    const environment = Object.entries(serverEnv).map(([name, value]) => `${name} = ${toml(value)}`);
    const config = `model = "scripted"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = ${toml(`${url}/v1`)}
wire_api = "responses"
env_key = "SCRIPTED_KEY"

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
};
