"""The ports of the pipeline and of counting, on AWS. Only here is botocore's ClientError caught."""
