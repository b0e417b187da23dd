"""Trash: deleted resources, until they are restored or purged."""
