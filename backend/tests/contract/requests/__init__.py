"""Tests of what a request may say, on every route."""
