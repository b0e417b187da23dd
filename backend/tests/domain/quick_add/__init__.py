"""Tests of quick add: texts in tables by language, names, clocks, and any text."""
