"""Tests of rules that hold for all resources."""
