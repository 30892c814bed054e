import { pyro } from './stack.mjs';

// The command line of a server, as a chat host would have it in its configuration.
export const server = (...flags) => [pyro, 'mcp', 'serve', ...flags];
