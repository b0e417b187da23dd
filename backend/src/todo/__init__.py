"""A self-hosted to-do service."""
