// What a tool has to keep to so that every host shows it to its model: one that does not can cost
// all tools of the server. Each rule returns sentences about what breaks it.

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

// Every schema within a schema, with the path to it.
function* schemasIn(schema, path) {
  yield { schema, path };
  if (!isObject(schema)) return;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    yield* schemasIn(property, `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* schemasIn(schema.items, `${path}[]`);
  if (isObject(schema.additionalProperties)) {
    yield* schemasIn(schema.additionalProperties, `${path}.*`);
  }
}

// `mcp__pyro__` and the name have to fit into 64 characters, without signs that a host replaces.
const portableName = /^[a-z][a-z0-9_]{0,39}$/;
const portableProperty = /^[a-zA-Z0-9_.-]{1,64}$/;
const combiners = ['anyOf', 'oneOf', 'allOf', 'not', 'if', '$ref', 'prefixItems'];

function* brokenInRoot(schema, what) {
  if (schema?.type !== 'object') yield `${what} is not of type object at its root`;
  if (!isObject(schema?.properties)) yield `${what} has no properties`;
}

function* brokenInInput(schema, path) {
  if (!isObject(schema)) {
    yield `${path} is not an object`;
    return;
  }
  if (typeof schema.type !== 'string') yield `${path} has not one type`;
  for (const word of combiners) if (word in schema) yield `${path} uses ${word}`;
  for (const name of Object.keys(schema.properties ?? {})) {
    if (!portableProperty.test(name)) yield `${path} has a property that hosts drop: "${name}"`;
  }
}

// Codex takes bounds and defaults out of schemas: the description is where its model sees them.
const boundWords = {
  minimum: (value) => (value === 1 ? ['1', 'positive'] : [`${value}`]),
  maximum: (value) => [`${value}`],
  default: (value) => (value === false || value === '' ? [] : [`${value}`]),
  maxItems: (value) => [`${value}`],
};

function* boundsMissing(schema, path) {
  for (const [bound, words] of Object.entries(boundWords)) {
    if (!(bound in schema)) continue;
    const said = words(schema[bound]);
    const description = (schema.description ?? '').replaceAll(',', '').toLowerCase();
    if (said.length > 0 && !said.some((word) => description.includes(word.toLowerCase()))) {
      yield `${path} does not say its ${bound} ${schema[bound]}: "${schema.description}"`;
    }
  }
}

function* brokenInOutput(schema, path) {
  if (!isObject(schema)) yield `${path} is not an object`;
  else if (schema.additionalProperties === false) yield `${path} refuses fields of later versions`;
}

function* brokenAnnotations(annotations, name) {
  for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']) {
    if (typeof annotations?.[hint] !== 'boolean') yield `${name} does not say its ${hint}`;
  }
}

export function* broken(tool) {
  const { name, description, inputSchema, outputSchema, annotations } = tool;
  if (!portableName.test(name)) yield `the name "${name}" is not portable`;
  if (!description) yield `${name} has no description`;
  if (description?.length > 600) yield `${name} is described in ${description.length} characters`;
  yield* brokenInRoot(inputSchema, `${name}'s input`);
  if (inputSchema?.additionalProperties !== false) yield `${name} takes unknown parameters`;
  for (const { schema, path } of schemasIn(inputSchema, name)) {
    yield* brokenInInput(schema, path);
    if (isObject(schema)) yield* boundsMissing(schema, path);
  }
  for (const property of Object.entries(inputSchema?.properties ?? {})) {
    if (!property[1]?.description) yield `${name}.${property[0]} has no description`;
  }
  if (outputSchema !== undefined) {
    yield* brokenInRoot(outputSchema, `${name}'s output`);
    for (const { schema, path } of schemasIn(outputSchema, `${name} →`)) {
      yield* brokenInOutput(schema, path);
    }
  }
  yield* brokenAnnotations(annotations, name);
}
