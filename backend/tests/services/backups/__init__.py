"""Tests of backups on databases, without the command."""
