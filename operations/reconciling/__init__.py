"""The bucket against the table: what is missing, stale or orphaned, and putting it right."""
