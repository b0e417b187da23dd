"""Tests of `POST /tasks/quick`."""
