"""ASGI middleware; it surrounds every request."""
