"""The entry of what looks after persons: the schedule in. Importing builds all, in Lambda's INIT."""

from people.wiring import build

handler = build()
