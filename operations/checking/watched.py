"""Whether those whom cameras watch for are enrolled: a name that nobody has would be watched for in vain."""

from collections.abc import Iterator

from contract.camera_faults import cameras_in, faults_of_camera_file
from operations.adapters.account import AwsAccount
from operations.checking.findings import Finding, Fit
from operations.checking.wanted import Wanted


def watched_findings(wanted: Wanted, account: AwsAccount, today: str) -> Iterator[Finding]:
    """Hold the names of the file of cameras against who is looked for. `today` is ISO 8601, UTC."""
    if not wanted.cameras:
        return
    if faults := faults_of_camera_file(wanted.cameras):
        yield Finding("cameras", "; ".join(faults), Fit.NO, "nothing is deployed with it")
        return
    watching = [camera for camera in cameras_in(wanted.cameras) if camera.watch_people]
    if not watching:
        return
    everybody = account.everybody(wanted.stack)
    if everybody is None:
        names = ", ".join(sorted({name for camera in watching for name in camera.watch_people}))
        advice = "until they are enrolled, by imagepipe people add, they are in no event"
        yield Finding("cameras", f"watch for {names}; who is enrolled is not known", Fit.HINT, advice)
        return
    known = {person.name.casefold() for person in everybody if person.is_looked_for(today)}
    for camera in watching:
        unknown = [name for name in camera.watch_people if name.casefold() not in known]
        subject = f"camera {camera.name}"
        if unknown:
            advice = f"enrol them by imagepipe people add, or take them out of {wanted.cameras}"
            found = f"watches for {', '.join(unknown)}, for whom nobody looks"
            yield Finding(subject, found, Fit.NO, advice)
        else:
            yield Finding(subject, f"watches for {', '.join(camera.watch_people)}", Fit.YES)
