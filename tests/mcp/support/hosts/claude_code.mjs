import fs from 'node:fs';
import path from 'node:path';

import { hostPackaged } from '../packages.mjs';

const program = hostPackaged('@anthropic-ai/claude-code-linux-x64', 'claude');

// What makes the model at `url` the one that Claude Code talks to.
const modelSettings = (url) => ({
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: 'none',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_TELEMETRY: '1',
});

export const claudeCode = {
  title: 'Claude Code',
  command: 'claude',
  program,
  version: [program, '--version'],
  // Tools of servers are not in the prompt with more than their names until they are asked for.
  firstCalls: (names) => [
    {
      tool: 'ToolSearch',
      args: { query: `select:${names.map((name) => `mcp__pyro__${name}`).join(',')}`, max_results: 20 },
    },
  ],
  call: (name, args) => ({ tool: `mcp__pyro__${name}`, args }),

  // The command line that puts `prompt` to the model at `url`, with the server `[command, ...args]`.
  prepare({ home, url, server: [command, ...args], serverEnv, prompt }) {
    const config = path.join(home, 'mcp.json');
    const entry = { type: 'stdio', command, args, env: serverEnv };
    fs.writeFileSync(config, JSON.stringify({ mcpServers: { pyro: entry } }));
    return {
      argv: [
        ...[program, '-p', prompt, '--mcp-config', config, '--strict-mcp-config'],
        ...['--allowedTools', 'mcp__pyro', '--output-format', 'stream-json', '--verbose'],
      ],
      env: modelSettings(url),
    };
  },

  // The same with the servers that are in the settings of `home` already.
  prepareConnected({ url, prompt }) {
    return {
      argv: [program, '-p', prompt, '--allowedTools', 'mcp__pyro', '--output-format', 'stream-json', '--verbose'],
      env: modelSettings(url),
    };
  },
};
