import { spawn } from 'node:child_process';

import { atEnd } from './at_end.mjs';
import { readJsonLines, writeJsonLine } from './json_lines.mjs';

// A server at the other end of two pipes, without a client library between.
export class Peer {
  #waiting = new Map();
  #lastId = 0;
  notifications = [];

  // Killed when the test `t` ends, if it is still there.
  constructor(t, [program, ...args], { env, cwd } = {}) {
    this.process = spawn(program, args, {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('exit', (code, signal) => resolve({ code, signal }));
    });
    atEnd(t, () => this.process.kill('SIGKILL'));
    readJsonLines(this.process.stdout, (message) => this.#take(message));
  }

  #take(message) {
    if (message.method !== undefined) {
      this.notifications.push(message);
      return;
    }
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }

  // The whole answer, a result or an error.
  request(method, params = {}) {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      writeJsonLine(this.process.stdin, { jsonrpc: '2.0', id, method, params });
    });
  }

  notify(method, params = {}) {
    writeJsonLine(this.process.stdin, { jsonrpc: '2.0', method, params });
  }

  // The era of `initialize`; returns its result.
  async initialize(protocolVersion = '2025-11-25') {
    const clientInfo = { name: 'pyro-tests', version: '0' };
    const answer = await this.request('initialize', { protocolVersion, clientInfo, capabilities: {} });
    this.notify('notifications/initialized');
    return answer.result;
  }
}

const meta = (name) => `io.modelcontextprotocol/${name}`;

// What each request of 2026-07-28 carries.
export const modernMeta = {
  [meta('protocolVersion')]: '2026-07-28',
  [meta('clientCapabilities')]: {},
  [meta('clientInfo')]: { name: 'pyro-tests', version: '0' },
};
