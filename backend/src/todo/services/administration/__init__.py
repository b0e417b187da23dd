"""What the operator does with the accounts of users."""
