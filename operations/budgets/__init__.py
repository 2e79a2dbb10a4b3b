"""The quotas of the operations in use: what was deployed, what the account has, what workers go by."""
