"""The pipeline's ports, on AWS: one service each. Only here is botocore's ClientError caught."""
