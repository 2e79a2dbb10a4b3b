"""What a camera costs a day: its pictures are all looked at as files, and a few of them asked about."""

from collections.abc import Sequence

from contract.cameras import CELLS
from contract.picture_usage import PictureWork
from contract.prices import MILLION, Prices
from contract.timing import DAY_SECONDS
from contract.usage import Assumptions, Work, read_units, write_units
from operations.costs import Bill, bill

# An assumption: synthesized days of 27 to 43 visits have 0.027 to 0.049 (docs/cameras.md); a street has more.
ASKED_SHARE = 0.05
# A scene, and how often it is written where little happens.
SCENE_BYTES = 3 * CELLS + 400
SCENE_WRITTEN_SECONDS = 30.0


def camera_day(
    every_seconds: float, asked_share: float, calls: Sequence[str], prices: Prices | None = None
) -> Bill:
    """Return what one camera costs a day that sends a picture every so many seconds."""
    prices = prices or Prices()
    pictures = DAY_SECONDS / every_seconds
    asked = pictures * asked_share
    of_files = PictureWork.of_new_photos(pictures, converted_share=0.0)
    told = bill(Work.of_new_photos(asked, calls), prices=prices, pictures=of_files)
    untold = bill(Work.of_new_photos(pictures - asked, ()), Assumptions(labels_a_photo=0.0), prices)
    writes = min(pictures, DAY_SECONDS / SCENE_WRITTEN_SECONDS) + asked
    # Of one that is asked about there is a note, and what stands there is read and, at the most, written.
    scenes = (
        (pictures * read_units(SCENE_BYTES) + asked) * prices.million_read_units
        + (writes * write_units(SCENE_BYTES) + 2 * asked) * prices.million_write_units
    ) / MILLION
    by_service = {name: told.by_service[name] + untold.by_service[name] for name in told.by_service}
    by_service["DynamoDB"] += scenes
    return Bill(by_service, told.storage_a_month + untold.storage_a_month)
