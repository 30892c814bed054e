import { atEnd } from './at_end.mjs';
import { require } from './packages.mjs';

const v1 = {
  ...require('@modelcontextprotocol/sdk/client/index.js'),
  ...require('@modelcontextprotocol/sdk/client/stdio.js'),
};
const v2 = { ...require('@modelcontextprotocol/client'), ...require('@modelcontextprotocol/client/stdio') };

const newest = '2026-07-28';
const v2Client = (mode) => ({
  sdk: v2,
  options: { capabilities: {}, versionNegotiation: { mode } },
  call: (client, params, options) => client.callTool(params, options),
});

// The official clients, by how each chooses the era of the protocol.
export const sdkClients = {
  'SDK v1': {
    sdk: v1,
    options: { capabilities: {} },
    call: (client, params, options) => client.callTool(params, undefined, options),
    version: '2025-11-25',
  },
  'SDK v2, legacy': { ...v2Client('legacy'), version: '2025-11-25' },
  'SDK v2, auto': { ...v2Client('auto'), version: newest },
  'SDK v2, modern': { ...v2Client({ pin: newest }), version: newest },
};

// A connected client of that kind; closed when the test `t` ends. It has listed the tools, so that
// it checks what they return against their schemas.
export async function connect(t, kind, [command, ...args], { env, cwd } = {}) {
  const { sdk, options, call } = sdkClients[kind];
  const transport = new sdk.StdioClientTransport({
    command,
    args,
    cwd,
    env,
    stderr: 'inherit',
  });
  const client = new sdk.Client({ name: 'pyro-tests', version: '0' }, options);
  let version;
  transport.setProtocolVersion = (chosen) => {
    version = chosen;
  };
  const errors = [];
  client.onerror = (error) => errors.push(error.message);
  atEnd(t, () => client.close());
  await client.connect(transport);
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools(cursor === undefined ? undefined : { cursor });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return {
    client,
    tools,
    errors,
    version: client.getNegotiatedProtocolVersion?.() ?? version,
    call: (name, args = {}, options = {}) => call(client, { name, arguments: args }, options),
  };
}
