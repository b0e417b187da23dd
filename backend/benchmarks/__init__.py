"""What requests cost, measured beside the least that they can cost in Python."""
