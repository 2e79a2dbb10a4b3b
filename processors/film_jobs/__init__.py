"""What follows when a job on a film has ended."""
