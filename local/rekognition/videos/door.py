"""The door for tests: which jobs there are, and what goes wrong with them (`/_local/videos`)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.rekognition.videos.completions import Faults, FaultsError
from local.rekognition.videos.jobs import VideoJobs


def video_routes(videos: VideoJobs) -> list[Route]:
    async def answer(request: Request) -> Response:
        if request.method == "PUT":
            try:
                videos.set_faults(Faults.from_json(await request.json()))
            except FaultsError as error:
                return JSONResponse({"error": str(error)}, 400)
            except (ValueError, RecursionError):
                return JSONResponse({"error": "the faults are not JSON"}, 400)
        return JSONResponse(videos.report())

    return [Route("/_local/videos", answer, methods=["GET", "PUT"])]
