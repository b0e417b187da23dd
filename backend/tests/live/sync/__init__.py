"""The clients of `docs/sync.md`, rule by rule."""
