"""Sending mail over SMTP."""
