"""Filters: expressions that select tasks, such as `(overdue | today) & @home`."""
