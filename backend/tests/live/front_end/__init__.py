"""Tests of `docs/front-end.md` and `docs/api.ts`, in a browser that loads them from another origin."""
