"""Tests of the links in mails."""
