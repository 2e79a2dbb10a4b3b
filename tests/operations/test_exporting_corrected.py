"""An export tells what people say of photos, in every form of it."""

from dataclasses import replace

from contract.corrections import NONE
from contract.edits import Edit
from operations.exporting.photos import document, row
from operations.exporting.sidecars import sidecar
from tests.operations.exports import BOX, exported

AT = "2026-11-27T12:00:00.000Z"
SAID = NONE.edited(Edit(add=("Kitten",), remove=("Dog",), rename={"sofa": "Couch"}), "ana", AT)


def test_labels_of_people_are_exported_and_removed_ones_are_not_nor_their_boxes() -> None:
    labels = {"Dog": 97.5, "Animal": 60.0, "Sofa": 50.0}
    before = exported(labels=labels, instances={name: [BOX] for name in labels})
    findings = SAID.apply(before.record.findings)
    record = replace(before.record, findings=findings, corrections=1, renamed=SAID.renamed)
    photo = before._replace(record=record)

    assert [(label["name"], label["confidence"]) for label in document(photo)["labels"]] == [
        ("Couch", 100.0),
        ("Kitten", 100.0),
        ("Animal", 60.0),
    ]
    assert [found.name for found in before.label_boxes()] == ["Dog", "Animal", "Sofa"]
    assert [found.name for found in photo.label_boxes()] == ["Animal", "Couch"]
    assert "Couch 100.0; Kitten 100.0; Animal 60.0" in row(photo)
    keywords = sidecar(photo, "photos")
    assert "Kitten" in keywords
    assert "Dog" not in keywords
