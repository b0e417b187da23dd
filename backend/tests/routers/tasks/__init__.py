"""Tests of tasks: create, read, update, delete and fields."""
