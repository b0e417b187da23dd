"""The error of backups and restores."""


class BackupError(Exception):
    """A backup cannot be made, read or restored. The message has the reason and the remedy."""
