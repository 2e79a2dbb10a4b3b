"""What the pictures function answers: `{"photo"}`, or why there is nothing known of it.

It is invoked by the processor, once for a content, and answers with one of
`{"photo": …}` (PhotoFacts; of a camera's picture with `"signature"`),
`{"refused": {"code", "message"}}` (it can never be recognized),
`{"film": format}` (it is none, and another function reads it, where films are taken),
`{"unreadable": {"message"}}` (the bucket does not give it out), `{"superseded": true}` (the bucket holds
another version) and `{"not_ready": {"code", "message"}}` (a service is away: nobody's fault).
Asked for `boxes`, it answers `{"crops": […]}` instead of facts: pictures of these parts, in base64.
"""

import base64
import io
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
    from contract.cameras import Cameras
    from processors.adapters.photos import S3Photos
    from processors.adapters.s3_renditions import S3Renditions


FAULTS = (RefusedError, RefusedByBucketError, VersionGoneError, ImagepipeError)


def _said(fault: Exception, key: str) -> dict[str, Any]:
    """Return why there is nothing known of a photo."""
    match fault:
        case RefusedError():
            return {"refused": {"code": fault.code, "message": f"{key}: {fault.message}"}}
        case RefusedByBucketError():
            return {"unreadable": {"message": str(fault)}}
        case ImagepipeError():
            return {"not_ready": {"code": fault.code, "message": fault.message}}
    return {"superseded": True}


@dataclass(frozen=True)
class PhotosFunction:
    """Answers for one photo at a time."""

    photos: "S3Photos"
    renditions: "S3Renditions"
    keep_location: bool = False
    near_duplicates: bool = False
    sidecars: bool = False
    films: bool = False
    cameras: "Cameras | None" = None

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Read the photo `key`, and put its renditions under `content_id` and `token`."""
        if "boxes" in asked:
            return self._answer_with_faces(asked)
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
        except FAULTS as fault:
            return _said(fault, version.key)
        return {"photo": facts.to_json(), **self._signature(version.key, picture)}

    def _signature(self, key: str, picture: Picture) -> dict[str, str]:
        """Return by what a camera's picture is compared with others of it; nothing of any other."""
        if self.cameras is None or self.cameras.of(key) is None or picture.renditions is None:
            return {}
        from processors.pictures.signatures import signature

        return {"signature": signature(picture.renditions.thumbnail)}

    def _answer_with_faces(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Cut `boxes` out of the photo `key`, or out of its `view`."""
        from processors.pictures.crops import cut_out

        version = PhotoVersion(asked["key"], asked["etag"], asked["version_id"])
        try:
            if asked["view"] is None:
                with self._opened(version, asked["size_bytes"]) as file:
                    crops = cut_out(file.whole(), asked["boxes"])
            else:
                with io.BytesIO(self.renditions.get(asked["view"])) as file:
                    crops = cut_out(file, asked["boxes"])
        except FAULTS as fault:
            return _said(fault, version.key)
        return {"crops": [base64.b64encode(crop).decode() for crop in crops]}

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
