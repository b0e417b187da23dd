"""Administration of accounts by the operator."""
