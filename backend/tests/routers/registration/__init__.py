"""Tests of registration with restrictions."""
