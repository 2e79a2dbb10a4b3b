"""The meaning function's entry: labels or a text in, a vector out.

As in processors/handler.py, importing builds all.
"""

from processors.meaning_wiring import build

handler = build()
