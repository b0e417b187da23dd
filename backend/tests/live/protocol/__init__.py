"""Tests that send raw bytes to a running service."""
