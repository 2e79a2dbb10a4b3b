"""The shared quota: whose turn it is to call an operation, across all workers, without a server."""
