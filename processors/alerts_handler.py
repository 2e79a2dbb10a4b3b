"""The entry of alerts: completions in, messages to people out.

As in processors/handler.py, importing builds all.
"""

from processors.alerts_wiring import build

handler = build()
