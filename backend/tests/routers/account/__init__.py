"""Tests of the user's own account: profile, password, deletion, export and guessing."""
