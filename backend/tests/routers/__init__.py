"""Tests of the routers, one folder for each resource."""
