"""Second factors: TOTP codes and recovery codes."""
