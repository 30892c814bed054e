import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

// Runs a program to its end; `{code, signal, stdout, stderr}`. What is still running when the test
// `t` ends is killed.
export async function run(t, [program, ...args], { env, cwd } = {}) {
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: t.signal,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { ...status, stdout, stderr };
}
