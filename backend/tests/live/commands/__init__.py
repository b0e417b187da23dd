"""Commands beside a running service and without one."""
