"""The Lambda's entry: an HTTP API event (payload 2.0) in, its answer out.

Importing it builds everything, so that Lambda does it in INIT, with a whole processor, and not for the first
question with the share that the function's memory buys. Nothing else may import it.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from query_api.wiring import build

handler = build()
