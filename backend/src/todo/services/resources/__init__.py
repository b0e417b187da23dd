"""The types of resources, for sync, events, history, undo and trash."""
