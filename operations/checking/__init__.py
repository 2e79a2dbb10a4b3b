"""What is looked at before a deployment is made: the account, the region, the names, the bucket."""
