"""One file a step, named by the instant it was written."""
