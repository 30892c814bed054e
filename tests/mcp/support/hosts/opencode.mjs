import fs from 'node:fs';
import path from 'node:path';

import { hostPackaged } from '../packages.mjs';

// The build for processors of any age.
const program = hostPackaged('opencode-linux-x64-baseline/bin/opencode');

const env = {
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  OPENCODE_DISABLE_MODELS_FETCH: '1',
};

// What makes the model at `url` the one that OpenCode talks to.
function modelSettings(url) {
  const provider = {
    npm: '@ai-sdk/openai-compatible',
    name: 'Scripted',
    options: { baseURL: `${url}/v1`, apiKey: 'none' },
    models: { model: { name: 'Scripted' } },
  };
  return { model: 'scripted/model', provider: { scripted: provider } };
}

export const openCode = {
  title: 'OpenCode',
  command: 'opencode',
  program,
  version: [program, '--version'],
  firstCalls: () => [],
  call: (name, args) => ({ tool: `pyro_${name}`, args }),

  prepare({ home, url, server, serverEnv, prompt }) {
    const directory = path.join(home, '.config', 'opencode');
    fs.mkdirSync(directory, { recursive: true });
    const entry = { type: 'local', command: server, environment: serverEnv };
    const config = { ...modelSettings(url), mcp: { pyro: entry } };
    fs.writeFileSync(path.join(directory, 'opencode.json'), JSON.stringify(config));
    return { argv: [program, 'run', '--format', 'json', prompt], env };
  },

  // The same with the servers that are in the settings of `home` already.
  prepareConnected({ home, url, prompt }) {
    const file = path.join(home, '.config', 'opencode', 'opencode.json');
    const old = JSON.parse(fs.readFileSync(file, 'utf8'));
    fs.writeFileSync(file, JSON.stringify({ ...old, ...modelSettings(url) }));
    return { argv: [program, 'run', '--format', 'json', prompt], env };
  },
};
