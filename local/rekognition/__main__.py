"""Start the local Rekognition: `python -m local.rekognition --port 4580 --models DIR`, or with `--canned`."""

import contextlib
import logging
import os
import random
import re
import socket
import sqlite3
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from local.rekognition.faces.store import FaceStore
    from local.rekognition.service import RecognitionBackend
    from local.rekognition.videos.jobs import VideoJobs

_LATENCY = re.compile(r"([0-9.]+)(ms|s)?")


def _fail(message: str) -> NoReturn:
    typer.echo(f"local Rekognition: {message}", err=True)
    raise typer.Exit(2)


def _by_operation(
    option: str, values: list[str], read: Callable[[str], float], wanted: str
) -> dict[str, float]:
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            _fail(f"{option} {value!r}: write OPERATION=NUMBER, as in DetectLabels=50")
        try:
            found[name] = read(text)
        except ValueError:
            _fail(f"{option} {value}: {text!r} is not {wanted}")
    return found


def _milliseconds(text: str) -> float:
    match = _LATENCY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(match[1]) * (1000 if match[2] == "s" else 1)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        _fail(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port")
    return listener


def _recognition(
    models: Path | None,
    s3_endpoint: str | None,
    sns_endpoint: str | None,
    workers: int,
    collections: "FaceStore",
) -> "tuple[RecognitionBackend, VideoJobs, str]":
    from local.rekognition import recognition
    from local.rekognition.models.sessions import MissingModelsError
    from local.rekognition.request import connect, connect_s3, named
    from local.rekognition.videos.completions import connect as connect_sns
    from local.rekognition.videos.jobs import VideoJobs
    from local.rekognition.videos.looking import RealVideos
    from local.rekognition.videos.objects import S3VideoObjects

    if models is None:
        _fail("--models DIR is missing: the folder that download_models filled (or --canned, to do without)")
    networks = recognition.Networks(models)
    try:
        operations = recognition.load_operations(networks.load)
        faces = recognition.load_look_at_faces(networks)
    except MissingModelsError as error:
        _fail(str(error))
    read_object = connect(s3_endpoint, recognition.FETCHES_AT_ONCE)
    real = recognition.RealRecognition(operations, read_object, workers, networks.names, faces, collections)
    videos = VideoJobs(
        RealVideos(real.look_at, collections),
        S3VideoObjects(connect_s3(s3_endpoint, recognition.FETCHES_AT_ONCE), named(s3_endpoint)),
        connect_sns(sns_endpoint),
        collections,
        workers,
    )
    return real, videos, f"{len(networks.names())} models, {workers} workers"


def main(  # noqa: PLR0917  # typer makes options of them
    models: Annotated[Path | None, typer.Option(help="Folder that `download_models` filled.")] = None,
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.")] = 4580,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    s3_endpoint: Annotated[str | None, typer.Option(help="URL of the S3 to read objects from.")] = None,
    sns_endpoint: Annotated[
        str | None, typer.Option(help="URL of the SNS that is told of jobs on videos.")
    ] = None,
    collections: Annotated[
        Path | None,
        typer.Option(help="File to keep face collections in; without it they end with the server."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Pictures looked at side by side.")] = os.cpu_count()
    or 1,
    rate: Annotated[list[str], typer.Option(help="DetectLabels=50: calls a second. Repeatable.")] = [],  # noqa: B006  # typer copies it
    latency: Annotated[list[str], typer.Option(help="DetectLabels=300ms: added. Repeatable.")] = [],  # noqa: B006
    canned: Annotated[
        bool, typer.Option("--canned", help="Answer without looking, after the time a call takes.")
    ] = False,
    median_seconds: Annotated[
        float, typer.Option(min=0.0, help="Canned: half of the calls take less.")
    ] = 0.45,
    sigma: Annotated[float, typer.Option(min=0.0, help="Canned: how long the tail of latencies is.")] = 0.35,
    seed: Annotated[int, typer.Option(help="Canned: latencies are drawn from it.")] = 1,
    video_seconds: Annotated[
        float,
        typer.Option(min=0.0, help="Canned: how long every video is, and a tenth of how long a job takes."),
    ] = 10.0,
) -> None:
    """Answer like Amazon Rekognition, with models that really look or canned, until SIGTERM."""
    started = time.monotonic()
    rates = _by_operation("--rate", rate, float, "a number of calls a second")
    latencies_ms = _by_operation("--latency", latency, _milliseconds, "a time such as 300ms or 0.3s")
    listener = _listen(host, port)
    import botocore.session
    import uvicorn

    from contract.meaning import INVOKE_MODEL
    from local.rekognition.bedrock import LocalBedrock
    from local.rekognition.canned import CannedRecognition, LogNormal
    from local.rekognition.faces.store import FaceStore
    from local.rekognition.quotas import QuotaChangeError, read_change
    from local.rekognition.service import RekognitionService, application
    from local.rekognition.videos.backend import WithVideos
    from local.rekognition.videos.completions import connect as connect_sns
    from local.rekognition.videos.door import video_routes
    from local.rekognition.videos.jobs import JOBS_AT_ONCE, VideoJobs
    from local.rekognition.videos.looking import CannedVideos

    pictures: RecognitionBackend
    try:
        store = FaceStore(collections)
    except (OSError, sqlite3.Error) as error:
        _fail(
            f"--collections {collections}: {error}; give a file that can be written, or remove a broken one"
        )
    if canned:
        drawn = LogNormal(median_seconds, sigma, random.Random(seed))  # noqa: S311  # no secrets here
        pictures, what = CannedRecognition(drawn, store), "canned answers"
        videos = VideoJobs(
            CannedVideos(store, video_seconds),
            None,
            connect_sns(sns_endpoint),
            store,
            JOBS_AT_ONCE,
            lambda: video_seconds / 10,
        )
    else:
        pictures, videos, what = _recognition(models, s3_endpoint, sns_endpoint, workers, store)
    recognition = WithVideos(pictures, videos)
    try:
        change = read_change(
            {"rates": rates, "latencies_ms": latencies_ms}, {*recognition.operations, INVOKE_MODEL}
        )
    except QuotaChangeError as error:
        _fail(str(error))
    service = RekognitionService(recognition, botocore.session.get_session().get_service_model("rekognition"))
    service.quotas.change(change.rates, change.latencies_ms)
    logging.basicConfig(level=logging.WARNING)
    warnings.simplefilter("ignore")  # Pillow's, on pictures that are odd but readable
    listener.listen(1024)
    address, actual_port = listener.getsockname()[:2]
    typer.echo(
        f"local Rekognition on http://{address}:{actual_port}, {what}, "
        f"ready after {time.monotonic() - started:.1f} s"
    )
    sys.stdout.flush()
    config = uvicorn.Config(
        application(service, actual_port, host, [*video_routes(videos), *LocalBedrock(service).routes()]),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    os._exit(0)  # a thread may still wait for S3, or compute, for nobody


if __name__ == "__main__":
    typer.run(main)
