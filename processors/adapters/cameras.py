"""What cameras usually show, and which of their pictures are asked about, in the one table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aws.calls import TableBatches, write_if
from contract.cameras import ASKED, CELLS, asked_key, scene_key, standing_key
from contract.errors import ConfigurationError
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, from_wire, to_wire
from contract.records import key_digest
from contract.table import EXPIRY
from processors.adapters.calls import IF_NONE, put_as_read, translated
from processors.adapters.dynamodb import FAULTS, read_items
from processors.cameras.gate import SCENE_KEPT_SECONDS, Noted
from processors.cameras.scene import Cells, SceneState
from processors.cameras.standing import StandingState

# The longest that a message can wait, in its queue and then among the dead letters.
ASKED_KEPT_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class DynamoDBScenes:
    """One item a camera, and one for each picture that is asked about. `clock` gives seconds since 1970.

    Must not be called from a thread of the executor of `batches`.
    """

    batches: TableBatches
    clock: Callable[[], float]

    def read(self, camera: str, pictures: Sequence[str]) -> tuple[SceneState, Mapping[str, Cells]]:
        """Return a scene and those pictures that are asked about, as of now. Raise a word for failure.

        That is ConfigurationError where the scene is not of our form.
        """
        noted = {asked_key(camera, key_digest(picture)): picture for picture in pictures}
        state, asked = SceneState(), dict[str, Cells]()
        for item in read_items(self.batches, [scene_key(camera), *noted]):
            at = ItemKey(item[PARTITION_KEY], item[SORT_KEY])
            try:
                if at in noted:
                    asked[noted[at]] = cells_in(item[ASKED])
                else:
                    state = SceneState.from_item(item)
            except FAULTS as fault:
                raise _unreadable(camera, at, fault) from fault
        return state, asked

    def write(self, camera: str, state: SceneState) -> bool:
        """Keep a scene, and return True, if what is there has still the version that was read."""
        return self._write_as_read(scene_key(camera), state.version, state.to_item())

    def read_standing(self, camera: str) -> StandingState:
        """Return what stands before a camera all along. Raise a word for failure, as `read` does."""
        at = standing_key(camera)
        for item in read_items(self.batches, [at]):
            try:
                return StandingState.from_item(item)
            except FAULTS as fault:
                raise _unreadable(camera, at, fault) from fault
        return StandingState()

    def write_standing(self, camera: str, state: StandingState) -> bool:
        """Keep it, and return True, if what is there has still the version that was read."""
        return self._write_as_read(standing_key(camera), state.version, state.to_item())

    def _write_as_read(self, at: ItemKey, version: int, content: Mapping[str, object]) -> bool:
        expiry = {EXPIRY: int(self.clock()) + SCENE_KEPT_SECONDS}
        item = {**at._asdict(), **content, **expiry}
        client, table_name, retry = self.batches.client, self.batches.table_name, self.batches.retry
        return put_as_read(client, table_name, retry, item, version)

    def note_asked(self, camera: str, asked: Mapping[str, Noted]) -> Mapping[str, Cells]:
        """Keep that pictures are asked about; return what is kept of each: whoever came first has said it."""
        return {picture: self._note(camera, picture, noted) for picture, noted in asked.items()}

    def _note(self, camera: str, picture: str, noted: Noted) -> Cells:
        at = asked_key(camera, key_digest(picture))
        expiry = {EXPIRY: int(self.clock()) + ASKED_KEPT_SECONDS}
        what = f"PutItem of {at.pk} {at.sk} on {self.batches.table_name}"
        is_done, answer = self.batches.retry.around(translated(what)(write_if))(
            self.batches.client.put_item,
            TableName=self.batches.table_name,
            Item=to_wire({**at._asdict(), "key": noted.key, ASKED: packed(noted.changed), **expiry}),
            ConditionExpression=IF_NONE,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return (
            noted.changed if is_done or "Item" not in answer else cells_in(from_wire(answer["Item"])[ASKED])
        )


def _unreadable(camera: str, at: ItemKey, fault: Exception) -> ConfigurationError:
    return ConfigurationError(
        "UnreadableScene",
        f"the item {at.pk} {at.sk} cannot be read ({fault!r}): delete it, and the camera {camera} "
        "is set up anew",
    )


def packed(cells: Cells) -> bytes:
    """Write cells as bits."""
    return sum(1 << cell for cell in cells).to_bytes(CELLS // 8, "big")


def cells_in(written: bytes) -> Cells:
    """Read what `packed` wrote."""
    bits = int.from_bytes(written, "big")
    return frozenset(cell for cell in range(CELLS) if bits >> cell & 1)
