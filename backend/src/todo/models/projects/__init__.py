"""The tables of projects and sections."""
