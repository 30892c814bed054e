// The packages lie in the build tree, where an import from here would not find them.
import { createRequire } from 'node:module';
import path from 'node:path';

const directory = process.env.PYRO_MCP_PACKAGES;

export const require = createRequire(path.join(directory, 'package.json'));

// A file of an installed package.
export const packaged = (...parts) => path.join(directory, 'node_modules', ...parts);

// A file of an installed chat host.
export const hostPackaged = (...parts) =>
  path.join(process.env.PYRO_MCP_HOST_PACKAGES, 'node_modules', ...parts);
