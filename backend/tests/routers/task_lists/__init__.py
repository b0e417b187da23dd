"""Tests of lists of tasks: filters, search, order and pages."""
