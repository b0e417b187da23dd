"""The migrations. The name of a file begins with the time at which it was written."""
