"""Tests of projects, sections and order."""
