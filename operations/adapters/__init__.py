"""AWS, one service a file, on boto3."""
