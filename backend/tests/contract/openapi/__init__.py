"""Tests of the OpenAPI document as generators read it."""
