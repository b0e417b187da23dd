// A plugin for Swagger UI that resolves only the references of an opened operation. Swagger UI itself searches the
// whole document for references to other documents, which this document does not have (ADR 0015).
"use strict";

/** Return a value with its references resolved. References to an enclosing schema stay, because they are recursive. */
function resolveReferences(openapi, value, enclosing = []) {
  if (Array.isArray(value)) return value.map((item) => resolveReferences(openapi, item, enclosing));
  if (value === null || typeof value !== "object") return value;
  const reference = value.$ref;
  if (typeof reference === "string") {
    if (enclosing.includes(reference)) return value;
    const target = reference.split("/").slice(1).reduce((parent, name) => parent[name], openapi);
    return resolveReferences(openapi, target, [...enclosing, reference]);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, resolveReferences(openapi, item, enclosing)]),
  );
}

const ReferencePlugin = {
  fn: {
    resolveSubtree: async (openapi, path) => ({
      spec: resolveReferences(openapi, path.reduce((parent, name) => parent[name], openapi)),
      errors: [],
    }),
  },
};

SwaggerUIBundle.presets.apis = [SwaggerUIBundle.presets.apis, () => ReferencePlugin];
