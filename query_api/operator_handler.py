"""The entry of the function that answers operators: built in INIT, as the query function is.

It is another function, for it may do what questions must not: receive, delete and send messages. Nothing else
may import this module.
"""

from query_api.operator_wiring import build

handler = build()
