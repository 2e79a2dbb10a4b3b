"""Who is on photos, as their records say it, on DynamoDB."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.records import ImageRecord
from processors.adapters.dynamodb import ImageTable
from processors.adapters.face_answers import FaceAnswers


@dataclass(frozen=True)
class SeenPersons:
    """The one table. From `least_percent` on, a likeness is told."""

    table: ImageTable
    least_percent: float

    def on(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """Return who is on these photos: by key, similarities in percent by name in lower case.

        Only who is looked for now is named. Of a photo that is gone or has an unreadable record, nothing is
        said. Raise a word for failure.
        """
        names = FaceAnswers(self.table).scope().persons
        return {
            key: {
                names[person].casefold(): match.similarity
                for person, match in record.findings.persons.items()
                if person in names and match.similarity >= self.least_percent
            }
            for key, record in self.table.read_records(keys).items()
            if isinstance(record, ImageRecord)
        }
