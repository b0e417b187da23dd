"""HTTP machinery: routes, dependencies, middleware, errors and the OpenAPI document; it knows no resource."""
