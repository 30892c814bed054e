import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { atEnd } from './at_end.mjs';
import { run } from './run.mjs';

export const pyro = process.env.PYRO;

// A directory of the test alone.
export function temporaryDirectory(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'pyro-mcp-'));
  atEnd(t, () => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

// A stack of the test alone, which whoever needs it starts; it ends with the test, and a process
// that stays behind fails the test.
export class PrivateStack {
  constructor(t) {
    this.t = t;
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'pyro-mcp-'));
    this.settings = {
      PYRO_STATE_DIR: path.join(this.directory, 's'),
      PYRO_RUNTIME_DIR: path.join(this.directory, 'r'),
      PYRO_CACHE_DIR: process.env.PYRO_TEST_CACHE,
      PYRO_VM_ACCELERATOR: 'tcg',
      PYRO_VM_STANDBY_MACHINES: '0',
    };
    // All that its processes and clients get: nothing of who runs the tests.
    this.env = {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      HOME: this.#made('home'),
      TMPDIR: this.#made('tmp'),
      ...this.settings,
    };
    atEnd(t, () => this.#end());
  }

  #made(name) {
    const directory = path.join(this.directory, name);
    fs.mkdirSync(directory);
    return directory;
  }

  // `pyro ARGUMENTS…`, which has to succeed; its output.
  async pyro(...args) {
    const done = await run(this.t, [pyro, ...args], { env: this.env });
    assert.equal(done.code, 0, `pyro ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  // Names of the processes that were started for this stack.
  processes() {
    const mark = `PYRO_STATE_DIR=${this.env.PYRO_STATE_DIR}\0`;
    return fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((pid) => {
      try {
        const environment = `${fs.readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
        return environment.includes(mark) ? [fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
  }

  async #end() {
    // The signal of a test that has run out of time is spent, and would kill this as well.
    const ending = { signal: AbortSignal.timeout(60_000) };
    try {
      const done = await run(ending, [pyro, 'stack', 'down'], { env: this.env });
      assert.equal(done.code, 0, done.stderr);
      // What the kernel is just ending with its parent is not left behind.
      while (this.processes().length > 0) {
        assert.ok(!ending.signal.aborted, `left behind: ${this.processes().join(', ')}`);
        await pause(20);
      }
    } finally {
      fs.rmSync(this.directory, { recursive: true, force: true });
    }
  }
}
