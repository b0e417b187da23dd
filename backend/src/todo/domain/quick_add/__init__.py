"""Quick add: the fields of a task in a text such as `Pay rent every 1st at 9am #Home p1` (ADR 0068)."""
