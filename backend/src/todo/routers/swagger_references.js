// A plugin of Swagger UI: an operation is opened with what it refers to, and nothing else is looked at. Swagger UI's own
// way goes through the whole document each time, for references to other documents, of which ours has none (ADR 0015).
"use strict";

/** Return a value with what it refers to in the place of each reference, save those to what the value is part of. */
function withReferences(openapi, value, inside = []) {
  if (Array.isArray(value)) return value.map((item) => withReferences(openapi, item, inside));
  if (value === null || typeof value !== "object") return value;
  const reference = value.$ref;
  if (typeof reference === "string") {
    if (inside.includes(reference)) return value;
    const referred = reference.split("/").slice(1).reduce((parent, name) => parent[name], openapi);
    return withReferences(openapi, referred, [...inside, reference]);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, withReferences(openapi, item, inside)]),
  );
}

const OwnReferences = {
  fn: {
    resolveSubtree: async (openapi, path) => ({
      spec: withReferences(openapi, path.reduce((parent, name) => parent[name], openapi)),
      errors: [],
    }),
  },
};

SwaggerUIBundle.presets.apis = [SwaggerUIBundle.presets.apis, () => OwnReferences];
