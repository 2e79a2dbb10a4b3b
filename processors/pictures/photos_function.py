"""What the pictures function answers: `{"photo"}`, or why there is nothing known of it.

It is invoked by the processor, once for a content, and answers with one of
`{"photo": …}` (PhotoFacts), `{"refused": {"code", "message"}}` (it can never be recognized),
`{"film": format}` (it is none, and another function reads it, where films are taken),
`{"unreadable": {"message"}}` (the bucket does not give it out), `{"superseded": true}` (the bucket holds
another version) and `{"not_ready": {"code", "message"}}` (a service is away: nobody's fault).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError
from contract.photos import PhotoFacts
from processors.pictures.errors import RefusedByBucketError, RefusedError, VersionGoneError
from processors.pictures.formats import BEGINNING_BYTES, film_format
from processors.pictures.metadata import facts_of
from processors.pictures.pictures import Picture, check_bytes, look_at
from processors.pictures.range_reader import BLOCK_BYTES, SMALL_BYTES, PhotoVersion, RangeReader
from processors.pictures.sidecars import filled_in

if TYPE_CHECKING:
    from processors.adapters.photos import S3Photos, S3Renditions


@dataclass(frozen=True)
class PhotosFunction:
    """Answers for one photo at a time."""

    photos: "S3Photos"
    renditions: "S3Renditions"
    keep_location: bool = False
    near_duplicates: bool = False
    sidecars: bool = False
    films: bool = False

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Read the photo `key`, and put its renditions under `content_id` and `token`."""
        version = PhotoVersion(asked["key"], asked["etag"], asked["version_id"])
        content_id, token = asked["content_id"], asked["token"]
        try:
            if not self.films:
                check_bytes(asked["size_bytes"])
            with self._opened(version, asked["size_bytes"]) as file:
                if self.films and (form := film_format(file.read(BEGINNING_BYTES))) is not None:
                    return {"film": form}
                check_bytes(file.size_bytes)
                file.seek(0)
                picture = look_at(file)
                told = facts_of(picture.tags, keep_location=self.keep_location)
            if self.sidecars:
                beside = self.photos.beside
                told = filled_in(told, version.key, beside, keep_location=self.keep_location)
            facts = self._kept(picture, told, content_id, token)
        except RefusedError as error:
            return {"refused": {"code": error.code, "message": f"{version.key}: {error.message}"}}
        except RefusedByBucketError as error:
            return {"unreadable": {"message": str(error)}}
        except VersionGoneError:
            return {"superseded": True}
        except ImagepipeError as error:
            return {"not_ready": {"code": error.code, "message": error.message}}
        return {"photo": facts.to_json()}

    def _opened(self, version: PhotoVersion, size_bytes: int) -> RangeReader:
        """Open a photo: all of a small one, of a larger one what most headers fit in."""
        first = self.photos.piece(version, 0, size_bytes if size_bytes <= SMALL_BYTES else BLOCK_BYTES)
        return RangeReader(
            lambda begin, end: self.photos.piece(version, begin, end).content,
            first.total_bytes,
            first.content,
        )

    def _kept(self, picture: Picture, told: Mapping[str, Any], content_id: str, token: str) -> PhotoFacts:
        """Put the renditions where they are read, and return what is known of the photo."""
        made = picture.renditions
        facts = PhotoFacts(
            format=picture.form,
            width=picture.width,
            height=picture.height,
            is_direct=picture.is_direct,
            orientation=picture.orientation,
            hash=made.hash if made else None,
            sharpness=made.sharpness if made else None,
            renditions=token if made else None,
            has_view=made is not None and made.view is not None,
            finds_duplicates=self.near_duplicates and made is not None,
            **told,
        )
        thumbnail_key, view_key = facts.thumbnail_key(content_id), facts.view_key(content_id)
        if made and thumbnail_key:
            self.renditions.put(thumbnail_key, made.thumbnail, "image/webp")
        if made and made.view and view_key:
            self.renditions.put(view_key, made.view, "image/jpeg")
        return facts
