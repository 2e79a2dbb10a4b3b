"""The Lambda that answers questions about what was recognized."""
