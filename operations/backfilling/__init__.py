"""Feeding the bulk queue from a bucket, so that a run that was ended goes on where it was."""
