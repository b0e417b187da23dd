"""Days, time zones, due dates, and the ranges of time that lists compare them with."""
