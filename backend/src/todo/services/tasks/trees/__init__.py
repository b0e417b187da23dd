"""New tasks below other new tasks of the same request (ADR 0067)."""
