"""Tests of a database and of services on several machines."""
