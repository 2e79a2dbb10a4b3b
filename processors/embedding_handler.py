"""The meaning function's entry where Bedrock makes the vectors: a thumbnail or a text in, a vector out.

As in processors/handler.py, importing builds all.
"""

from processors.embedding_wiring import build

handler = build()
