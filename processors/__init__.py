"""The Lambda that turns S3 events into records."""
