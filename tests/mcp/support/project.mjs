import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const files = {
  'greeting.py': 'def greet(name):\n    return "Hello " + name\n',
  'test_greeting.py': `import unittest

from greeting import greet


class GreetingTest(unittest.TestCase):
    def test_greets_by_name(self):
        self.assertEqual(greet("Ada"), "Hello, Ada!")
`,
};

// Leaves no compiled files behind.
export const check = 'python3 -B -m unittest -q';

// Lets the check pass.
export const patch = `--- a/greeting.py
+++ b/greeting.py
@@ -1,2 +1,2 @@
 def greet(name):
-    return "Hello " + name
+    return "Hello, " + name + "!"
`;

export const broken = files['greeting.py'];
export const fixed = broken.replace('"Hello " + name', '"Hello, " + name + "!"');

// A small Git repository in `directory` whose check fails.
export function makeProject(directory) {
  fs.mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(directory, name), content);
  }
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  // The same commit on every host and day.
  const env = {
    PATH: process.env.PATH,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  };
  for (const words of [['init', '-q'], ['add', '.'], [...who, 'commit', '-qm', 'Greet']]) {
    execFileSync('git', words, { cwd: directory, env });
  }
  return directory;
}
