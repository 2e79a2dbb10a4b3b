"""AWS, one service a file: the ports of the packages beside, on boto3."""
