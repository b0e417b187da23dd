"""Tests of registration, log-in, access tokens, refresh and log-out."""
