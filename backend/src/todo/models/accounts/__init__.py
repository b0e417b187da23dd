"""Tables of accounts and their credentials."""
