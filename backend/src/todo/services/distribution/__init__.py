"""The distribution of the tables over the nodes of a Citus cluster (ADR 0061)."""
