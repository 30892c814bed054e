// A model that plays a script, at the three interfaces through which hosts stream from theirs. What a
// host sends it is what a real one would have seen.
import { once } from 'node:events';
import http from 'node:http';
import { json } from 'node:stream/consumers';

import { atEnd } from './at_end.mjs';

const textOf = (content) =>
  typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');

// The interface of Claude Code.
const messages = {
  tools: (body) => body.tools ?? [],
  results: (body) =>
    body.messages
      .flatMap(({ content }) => (Array.isArray(content) ? content : []))
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) => textOf(content)),
  *events(body, step, id) {
    const block =
      step.tool === undefined
        ? { type: 'text', text: '' }
        : { type: 'tool_use', id: `toolu_${id}`, name: step.tool, input: {} };
    const delta =
      step.tool === undefined
        ? { type: 'text_delta', text: step.text }
        : { type: 'input_json_delta', partial_json: JSON.stringify(step.args) };
    const usage = { input_tokens: 1, output_tokens: 1 };
    const message = { id, type: 'message', role: 'assistant', model: body.model, content: [] };
    const reason = step.tool === undefined ? 'end_turn' : 'tool_use';
    yield { type: 'message_start', message: { ...message, stop_reason: null, usage } };
    yield { type: 'content_block_start', index: 0, content_block: block };
    yield { type: 'content_block_delta', index: 0, delta };
    yield { type: 'content_block_stop', index: 0 };
    yield { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage };
    yield { type: 'message_stop' };
  },
  frame: (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
};

// The interface of Codex.
const responses = {
  tools: (body) => (body.tools ?? []).flatMap((tool) => tool.tools ?? [tool]),
  results: (body) =>
    body.input
      .filter(({ type }) => type === 'function_call_output')
      .map(({ output }) => textOf(output).replace(/^Wall time: .*\nOutput:\n/, '')),
  *events(body, step, id) {
    const item =
      step.tool === undefined
        ? {
            type: 'message',
            id: `message_${id}`,
            role: 'assistant',
            content: [{ type: 'output_text', text: step.text, annotations: [] }],
          }
        : {
            type: 'function_call',
            id: `item_${id}`,
            call_id: `call_${id}`,
            name: step.tool,
            namespace: step.namespace,
            arguments: JSON.stringify(step.args),
          };
    const usage = {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    };
    const response = { id, object: 'response' };
    yield { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } };
    yield { type: 'response.output_item.added', output_index: 0, item };
    yield { type: 'response.output_item.done', output_index: 0, item };
    yield {
      type: 'response.completed',
      response: { ...response, status: 'completed', output: [item], usage },
    };
  },
  frame: (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
};

// The interface of OpenCode's providers.
const chatCompletions = {
  tools: (body) => (body.tools ?? []).map((tool) => tool.function),
  results: (body) =>
    body.messages.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content)),
  *events(body, step, id) {
    const chunk = { id, object: 'chat.completion.chunk', created: 1, model: body.model };
    const called = { name: step.tool, arguments: JSON.stringify(step.args) };
    const delta =
      step.tool === undefined
        ? { content: step.text }
        : { tool_calls: [{ index: 0, id: `call_${id}`, type: 'function', function: called }] };
    const reason = step.tool === undefined ? 'stop' : 'tool_calls';
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const choice = { index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null };
    yield { ...chunk, choices: [choice] };
    yield { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: reason }], usage };
  },
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  end: 'data: [DONE]\n\n',
};

const interfaces = {
  '/v1/messages': messages,
  '/v1/responses': responses,
  '/v1/chat/completions': chatCompletions,
};

export class ScriptedModel {
  #script;
  #count = 0;
  tools = []; // what was offered with the last request
  results = []; // what the tools that it called had to say, as the host passed it on

  // `script(results)` says what comes next: `{tool, args}` or a last `{text}`.
  constructor(script) {
    this.#script = script;
  }

  // Listens until the test `t` ends.
  async listen(t) {
    const listener = http.createServer((request, response) => this.#take(request, response));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    atEnd(t, () => {
      listener.closeAllConnections();
      listener.close();
    });
    this.url = `http://127.0.0.1:${listener.address().port}`;
  }

  async #take(request, response) {
    const spoken = interfaces[new URL(request.url, this.url).pathname];
    if (request.method !== 'POST' || spoken === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' });
      return response.end('{}');
    }
    const body = await json(request);
    let step = { text: 'A title.' }; // hosts ask without tools for the title of a session
    if (spoken.tools(body).length > 0) {
      this.tools = spoken.tools(body);
      this.results = spoken.results(body);
      step = this.#script(this.results);
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of spoken.events(body, step, `${++this.#count}`)) {
      response.write(spoken.frame(event));
    }
    return response.end(spoken.end ?? '');
  }
}
