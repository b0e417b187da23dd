"""Routers: one module a resource, one call of a service a route."""
