"""By what pictures of one camera are compared: the brightness of a grid of cells."""

import io
from base64 import b64encode

from PIL import Image

from contract.cameras import GRID_HEIGHT, GRID_WIDTH


def signature(thumbnail: bytes) -> str:
    """Return the brightness of each cell of a picture, in base64.

    Cells are averages of some hundred pixels, so that rain and noise are gone from them.
    """
    with Image.open(io.BytesIO(thumbnail)) as picture:
        gray = picture.convert("L").resize((GRID_WIDTH, GRID_HEIGHT), Image.Resampling.BOX)
    return b64encode(gray.tobytes()).decode()
