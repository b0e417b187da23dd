"""Dates of tasks and of the account."""
