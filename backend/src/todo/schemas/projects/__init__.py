"""Schemas of projects and sections."""
