"""The entry of cameras: completions in, events out.

As in processors/handler.py, importing builds all.
"""

from processors.cameras_wiring import build

handler = build()
