"""`todo user`."""
