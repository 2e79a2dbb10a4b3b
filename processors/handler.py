"""The Lambda's entry: an SQS event in, the failed message ids out.

Importing it builds everything, so that Lambda does it in INIT, with a whole processor, and not in the first
invocation with the share that the function's memory buys. Nothing else may import it.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from processors.wiring import build

handler = build()
