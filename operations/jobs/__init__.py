"""Bulk jobs: photos that a manifest names, queued within bounds, and their answers as a manifest."""
