"""The tally's entry: changes of the table in; how many images are counted for something else out.

An event that raises is sent again until it does not. As in processors/handler.py, importing builds all.
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from processors.counting_wiring import build

handler = build()
