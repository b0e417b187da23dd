"""Values and their rules: each module has a type, the rule on it, and the error that the rule raises."""
