"""The pictures function's entry: one photo of the bucket in, what is known of it out.

As in processors/handler.py, importing builds all.
"""

from processors.pictures_wiring import build

handler = build()
