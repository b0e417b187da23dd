"""Tests on databases that an operator can set up: encodings, locales, poolers and foreign tables."""
