"""AWS in memory, as boto3 clients: just what the pipeline calls, held to the real behaviour by a suite."""
