import fs from 'node:fs';
import path from 'node:path';

import { packaged } from './packages.mjs';
import { run } from './run.mjs';

const launcher = packaged('@modelcontextprotocol/inspector/clients/launcher/build/index.js');

// Runs the Inspector over the server `[command, ...args]` of a stack, which the Inspector starts by
// a configuration file as people have them.
export async function inspect(t, stack, [command, ...args], ...flags) {
  const config = path.join(stack.directory, 'inspector.json');
  const entry = { command, args, env: stack.settings };
  fs.writeFileSync(config, JSON.stringify({ mcpServers: { pyro: entry } }));
  return run(
    t,
    [process.execPath, launcher, '--cli', '--config', config, '--server', 'pyro', ...flags],
    { env: { ...stack.env, MCP_INSPECTOR_SECRET_STORE: 'memory' }, cwd: stack.env.HOME },
  );
}
