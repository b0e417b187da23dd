"""Tasks, and the tags on them."""
