import fs from 'node:fs';
import path from 'node:path';

import { hostPackaged } from '../packages.mjs';

// The build for processors of any age.
const program = hostPackaged('opencode-linux-x64-baseline/bin/opencode');

export const openCode = {
  title: 'OpenCode',
  version: [program, '--version'],
  firstCalls: () => [],
  call: (name, args) => ({ tool: `pyro_${name}`, args }),

  prepare({ home, url, server, serverEnv, prompt }) {
    const directory = path.join(home, '.config', 'opencode');
    fs.mkdirSync(directory, { recursive: true });
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      name: 'Scripted',
      options: { baseURL: `${url}/v1`, apiKey: 'none' },
      models: { model: { name: 'Scripted' } },
    };
    const entry = { type: 'local', command: server, environment: serverEnv };
    const config = { model: 'scripted/model', provider: { scripted: provider }, mcp: { pyro: entry } };
    fs.writeFileSync(path.join(directory, 'opencode.json'), JSON.stringify(config));
    return {
      argv: [program, 'run', '--format', 'json', prompt],
      env: {
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
      },
    };
  },
};
