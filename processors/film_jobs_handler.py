"""The entry of what follows on the ends of jobs on films: completions in, answers kept.

As in processors/handler.py, importing builds all.
"""

from processors.film_jobs_wiring import build

handler = build()
