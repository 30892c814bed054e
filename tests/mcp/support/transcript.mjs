import fs from 'node:fs';
import path from 'node:path';

const directory = process.env.PYRO_MCP_TRANSCRIPTS;

// What differs from one run to the next, and would bury what differs for a reason.
const normalised = (text, stack) =>
  text
    .replaceAll(stack.directory, '/tmp/test')
    .replace(/"[0-9a-f]{12}"/g, '"0123456789ab"')
    .replace(/\b[0-9a-f]{64}\b/g, '…')
    .replace(/"(\w+_at|duration_ms)":(\s*)[\d.]+/g, '"$1":$2…')
    .replace(/"pid":(\s*)\d+/g, '"pid":$1…')
    .replace(/\[\d+\/\w+\/\d+ [\d:]+\]/g, '[…]')
    .replace(/Ran 1 test in [\d.]+s/g, 'Ran 1 test in …s')
    .replace(/index [0-9a-f]{7,40}\.\.[0-9a-f]{7,40}/g, 'index …');

const block = (language, text) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`;
const asJson = (value) => JSON.stringify(value, null, 2);

// Writes down what a host's model was offered, what it called and what came back.
export function writeTranscript(stack, { title, file, version, tools, calls }) {
  const parts = [`\n## ${title}\n`, `Version: ${version.trim()}. Tools offered:\n`];
  parts.push(block('text', tools.join('\n')));
  for (const { tool, args, result } of calls) {
    parts.push(`### ${tool}\n`, block('json', asJson(args)), block('json', asJson(result)));
  }
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, `${file}.md`), normalised(parts.join('\n'), stack));
}

// Writes down what came of `pyro host` with a host: one row a case.
export function writeOutcome({ host, file, version, outcomes }) {
  const rows = outcomes.map(([title, came]) => `| ${title} | ${came} |\n`).join('');
  const text = `\n### ${host}\n\nVersion: ${version.trim()}\n\n| settings | what comes of it |\n| --- | --- |\n${rows}`;
  const place = path.join(directory, 'connecting');
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(path.join(place, `${file}.md`), text);
}
