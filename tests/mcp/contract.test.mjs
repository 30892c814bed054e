// What `tools/list` says, in every profile and mode, in both eras of the protocol.
import assert from 'node:assert/strict';
import test from 'node:test';

import { offers, tools as contract } from './support/contract.mjs';
import { Peer, modernMeta } from './support/peer.mjs';
import { broken } from './support/portable.mjs';
import { server } from './support/server.mjs';
import { PrivateStack } from './support/stack.mjs';

const sorted = (names) => [...names].sort();

async function listed(t, flags, params = {}) {
  const { env } = new PrivateStack(t);
  const peer = new Peer(t, server(...flags), { env, cwd: env.HOME });
  const instructions =
    params._meta === undefined
      ? (await peer.initialize()).instructions
      : (await peer.request('server/discover', params)).result.instructions;
  const { result } = await peer.request('tools/list', params);
  return { tools: result.tools, instructions };
}

for (const { title, flags, names, without } of offers) {
  test(`with ${title}, the tools are those of the contract`, async (t) => {
    const { tools } = await listed(t, flags);
    assert.deepEqual(sorted(tools.map((tool) => tool.name)), sorted(names));
    for (const { name, inputSchema } of tools) {
      assert.deepEqual(
        sorted(Object.keys(inputSchema.properties)),
        sorted(contract[name].parameters.filter((parameter) => !without.includes(parameter))),
        name,
      );
      assert.deepEqual(sorted(inputSchema.required ?? []), sorted(contract[name].required), name);
    }
  });

  test(`with ${title}, every host can show every tool to its model`, async (t) => {
    const { tools, instructions } = await listed(t, flags);
    assert.deepEqual(tools.flatMap((tool) => [...broken(tool)]), []);
    assert.ok(instructions.length > 0 && instructions.length <= 2000, `${instructions.length}`);
  });

  test(`with ${title}, a host learns what each tool does to the world`, async (t) => {
    const { tools } = await listed(t, flags);
    for (const { name, inputSchema, annotations } of tools) {
      const { network, network_policy: policy } = inputSchema.properties;
      const openWorldHint = network !== undefined || policy !== undefined;
      assert.partialDeepStrictEqual(annotations, { ...contract[name].hints, openWorldHint }, name);
    }
  });

  test(`with ${title}, both eras and every process list the same in the same order`, async (t) => {
    const legacy = await listed(t, flags);
    const modern = await listed(t, flags, { _meta: modernMeta });
    assert.equal(JSON.stringify(modern.tools), JSON.stringify(legacy.tools));
    assert.equal(modern.instructions, legacy.instructions);
  });
}

test('the tools are the same once a stack runs', async (t) => {
  const stack = new PrivateStack(t);
  const peer = new Peer(t, server(), { env: stack.env, cwd: stack.env.HOME });
  await peer.initialize();
  const before = await peer.request('tools/list');
  await stack.pyro('stack', 'up');
  const after = await peer.request('tools/list');
  assert.deepEqual(after.result, before.result);
});

test('each mode describes its tools in words of its own', async (t) => {
  const texts = new Set();
  const modes = offers.filter(({ flags }) => flags[0] === '--mode');
  for (const { flags } of modes) {
    const { tools, instructions } = await listed(t, flags);
    texts.add(`${instructions} ${tools.find(({ name }) => name === 'workspace_create').description}`);
  }
  assert.equal(texts.size, modes.length);
});

test('the rules find what hosts cannot take', () => {
  const schema = (properties) => ({ type: 'object', properties, additionalProperties: false });
  const good = {
    name: 'good',
    description: 'Good.',
    inputSchema: schema({ n: { type: 'integer', minimum: 2, description: 'At least 2.' } }),
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  };
  assert.deepEqual([...broken(good)], []);
  const bad = [
    { name: 'not-good' },
    { description: 'x'.repeat(601) },
    { inputSchema: { properties: {}, additionalProperties: false } },
    { inputSchema: { type: 'object', properties: {} } },
    { inputSchema: schema({ n: true }) },
    { inputSchema: schema({ n: { type: ['string', 'null'], description: 'Two.' } }) },
    { inputSchema: schema({ n: { type: 'integer', maximum: 40, description: 'Seconds.' } }) },
    { inputSchema: schema({ n: { type: 'object', properties: { m: false }, description: 'M.' } }) },
    { inputSchema: schema({ n: { type: 'string' } }) },
    { outputSchema: { type: 'array' } },
    { outputSchema: schema({}) },
    { annotations: { readOnlyHint: true } },
  ];
  for (const flaw of bad) {
    assert.notDeepEqual([...broken({ ...good, ...flaw })], [], JSON.stringify(flaw));
  }
});
