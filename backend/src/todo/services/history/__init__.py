"""History and undo: what changed, and how it is taken back."""
