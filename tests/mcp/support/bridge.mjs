// The conformance suite speaks HTTP and pyro standard input and output: this carries one over the
// other. For tests only: it forgets nothing, and the HTTP that it speaks is what the suite needs.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { json } from 'node:stream/consumers';

import { atEnd } from './at_end.mjs';
import { readJsonLines, writeJsonLine } from './json_lines.mjs';

const versionKey = 'io.modelcontextprotocol/protocolVersion';
const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';
const notFound = -32601;
const badParams = -32602;
const headerMismatch = -32020;
const refusedByHttp = [-32020, -32021, -32022];

const isModern = (message) =>
  message.params?._meta?.[versionKey] !== undefined || message.method === 'server/discover';

function reply(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const refuse = (response, status, id, code, message) =>
  reply(response, status, { jsonrpc: '2.0', id, error: { code, message } });

// The newer era has HTTP statuses for what the protocol itself refuses.
function statusOf(request, error) {
  if (error === undefined || !isModern(request)) return 200;
  if (error.code === notFound) return 404;
  // A tool that there is not is a fault of the call, not of the message.
  if (error.code === badParams) return request.method === 'tools/call' ? 200 : 400;
  return refusedByHttp.includes(error.code) ? 400 : 200;
}

// A request that waits for its answer. What comes before the answer makes the reply a stream.
class Exchange {
  constructor(request, response, headers) {
    Object.assign(this, { request, response, headers });
  }

  send(message) {
    if (!this.response.headersSent) {
      this.response.writeHead(200, { 'content-type': 'text/event-stream', ...this.headers });
    }
    this.response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  answer(message) {
    const mine = { ...message, id: this.request.id };
    if (!this.response.headersSent) {
      return reply(this.response, statusOf(this.request, mine.error), mine, this.headers);
    }
    this.send(mine);
    return this.response.end();
  }
}

// One process of the server. Its requests have ids of the bridge, since several HTTP clients may
// use the same ones; progress tokens and subscriptions follow.
class Server {
  #exchanges = new Map();
  #count = 0;

  constructor(command) {
    this.process = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    readJsonLines(this.process.stdout, (message) => this.#take(message));
    this.process.on('exit', () => {
      const error = { code: -32603, message: 'the server ended' };
      for (const exchange of this.#exchanges.values()) exchange.answer({ jsonrpc: '2.0', error });
      this.#exchanges.clear();
    });
  }

  send(message) {
    writeJsonLine(this.process.stdin, message);
  }

  request(message, response, headers = {}) {
    const id = `bridge-${++this.#count}`;
    this.#exchanges.set(id, new Exchange(message, response, headers));
    response.on('close', () => {
      if (!this.#exchanges.delete(id)) return;
      this.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    });
    const carried = structuredClone({ ...message, id });
    const meta = carried.params?._meta;
    if (meta?.progressToken !== undefined) meta.progressToken = id;
    this.send(carried);
  }

  #take(message) {
    if (message.method === undefined) {
      const exchange = this.#exchanges.get(message.id);
      this.#exchanges.delete(message.id);
      exchange?.answer(message);
      return;
    }
    const { params } = message;
    const byToken = this.#exchanges.get(params?.progressToken);
    const bySubscription = this.#exchanges.get(params?._meta?.[subscriptionKey]);
    if (byToken) params.progressToken = byToken.request.params._meta.progressToken;
    if (bySubscription) params._meta[subscriptionKey] = bySubscription.request.id;
    // A log message names no request; the suite makes one at a time.
    (byToken ?? bySubscription ?? [...this.#exchanges.values()].at(-1))?.send(message);
  }
}

const isLocal = (host) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host ?? '');

// The headers have to repeat what a message of the newer era says.
function headersMatch(headers, message) {
  const version = message.params?._meta?.[versionKey];
  if (version === undefined) return true;
  const name = message.method === 'tools/call' ? message.params.name : undefined;
  return (
    headers['mcp-protocol-version'] === version &&
    headers['mcp-method']?.trim() === message.method &&
    (name === undefined || headers['mcp-name']?.trim() === name)
  );
}

// Each session of the older era has a server of its own; those of the newer era share one.
class Bridge {
  #sessions = new Map();
  #shared;
  #servers = [];

  constructor(command) {
    this.command = command;
  }

  #start() {
    this.#servers.push(new Server(this.command));
    return this.#servers.at(-1);
  }

  end() {
    for (const server of this.#servers) server.process.kill('SIGKILL');
  }

  async take(request, response) {
    const { headers, method } = request;
    const origin = headers.origin?.replace(/^https?:\/\//, '');
    if (!isLocal(headers.host) || (origin !== undefined && !isLocal(origin))) {
      return refuse(response, 403, null, -32000, 'only from this host');
    }
    const sessionId = headers['mcp-session-id'];
    const session = this.#sessions.get(sessionId);
    if (method === 'POST') {
      let message;
      try {
        message = await json(request);
      } catch {
        return refuse(response, 400, null, -32700, 'not JSON');
      }
      return this.#post(message, headers, { sessionId, session }, response);
    }
    if (method === 'DELETE' && session) {
      session.process.kill();
      this.#sessions.delete(sessionId);
      return response.end();
    }
    if (method === 'GET' && session) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.flushHeaders(); // a server of tools has nothing to say unasked
    }
    return reply(response, method === 'DELETE' ? 404 : 405, {});
  }

  #post(message, headers, { sessionId, session }, response) {
    if (message.id === undefined || message.method === undefined) {
      (session ?? this.#shared)?.send(message);
      response.writeHead(202);
      return response.end();
    }
    if (session) return session.request(message, response, { 'mcp-session-id': sessionId });
    if (sessionId !== undefined) return refuse(response, 404, message.id, -32001, 'no such session');
    const modern = isModern(message) || headers['mcp-protocol-version'] === '2026-07-28';
    if (message.method === 'initialize' && !modern) {
      const id = randomUUID();
      this.#sessions.set(id, this.#start());
      return this.#sessions.get(id).request(message, response, { 'mcp-session-id': id });
    }
    if (!headersMatch(headers, message)) {
      return refuse(response, 400, message.id, headerMismatch, 'headers and message differ');
    }
    this.#shared ??= this.#start();
    return this.#shared.request(message, response);
  }
}

// Serves `command` over HTTP until the test `t` ends; the URL.
export async function bridge(t, command) {
  const bridged = new Bridge(command);
  const listener = http.createServer((request, response) => bridged.take(request, response));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  atEnd(t, () => {
    listener.closeAllConnections();
    listener.close();
    bridged.end();
  });
  return `http://localhost:${listener.address().port}/mcp`;
}
