"""What cameras usually show, kept in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from processors.cameras.gate import Noted
from processors.cameras.scene import Cells, SceneState
from processors.cameras.standing import StandingState


@dataclass
class MemoryScenes:
    """Keeps scenes as the table does."""

    states: dict[str, SceneState] = field(default_factory=dict)
    asked: dict[str, Cells] = field(default_factory=dict)
    standing: dict[str, StandingState] = field(default_factory=dict)

    def read(self, camera: str, pictures: Sequence[str]) -> tuple[SceneState, Mapping[str, Cells]]:
        standing = {picture: self.asked[picture] for picture in pictures if picture in self.asked}
        return self.states.get(camera, SceneState()), standing

    def write(self, camera: str, state: SceneState) -> bool:
        if self.states.get(camera, SceneState()).version != state.version:
            return False
        self.states[camera] = state._replace(version=state.version + 1)
        return True

    def note_asked(self, camera: str, asked: Mapping[str, Noted]) -> Mapping[str, Cells]:
        for picture, noted in asked.items():
            self.asked.setdefault(picture, noted.changed)
        return {picture: self.asked[picture] for picture in asked}

    def read_standing(self, camera: str) -> StandingState:
        return self.standing.get(camera, StandingState())

    def write_standing(self, camera: str, state: StandingState) -> bool:
        if self.read_standing(camera).version != state.version:
            return False
        self.standing[camera] = state._replace(version=state.version + 1)
        return True
