"""The films function's entry: a film of the bucket, or a slice of one, in; what is known of it out.

As in processors/handler.py, importing builds all.
"""

from processors.films_wiring import build

handler = build()
