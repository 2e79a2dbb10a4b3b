"""The entry of the function that takes corrections: built in INIT, as the query function is.

It is another function, for it may do what questions must not: write to the table, and send messages. Nothing
else may import this module.
"""

from query_api.editor_wiring import build

handler = build()
