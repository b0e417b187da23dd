"""Projects and sections."""
