"""Rekognition in other regions than the stack's own: what may be asked there, of which photos, and where.

A line is what one operation may be called in one region. That of the home region, where the stack is, bears
the name of the operation; those abroad are named `us-west-2:DetectLabels`, in settings, commands and the
table.
"""

from collections.abc import Iterable, Mapping, Sequence

from contract.detectors import missing_in
from contract.quotas import usual_quota

# Other regions cannot read the bucket, so they are sent the photo itself, which may have so many bytes.
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_Image.html
MAX_SENT_BYTES = 5 * 1024 * 1024
# Those that keep nothing between two calls, so that it does not matter where each is made.
STATELESS = frozenset(
    {
        "DetectLabels",
        "DetectFaces",
        "DetectModerationLabels",
        "DetectText",
        "RecognizeCelebrities",
        "DetectProtectiveEquipment",
    }
)

# Whose law holds where a region is. us-gov is a partition of its own, with accounts of its own.
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
JURISDICTIONS: Mapping[str, str] = {
    "ap-northeast-1": "Japan",
    "ap-northeast-2": "South Korea",
    "ap-south-1": "India",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Australia",
    "ca-central-1": "Canada",
    "eu-central-1": "the EU",
    "eu-west-1": "the EU",
    "eu-west-2": "the United Kingdom",
    "us-east-1": "the United States",
    "us-east-2": "the United States",
    "us-gov-west-1": "the United States' government cloud",
    "us-west-1": "the United States",
    "us-west-2": "the United States",
}
# An account of one partition has no credentials for another.
APART = frozenset({"us-gov-west-1"})


ANYWHERE = "any"


def faults_of_regions(regions: Sequence[str], residency: str, operations: Sequence[str]) -> list[str]:
    """Return what is wrong with the regions of a deployment, a sentence for each fault."""
    faults = []
    if residency not in {"", ANYWHERE}:
        faults.append(
            f"residency is {residency!r}; set it to {ANYWHERE!r} where photos may be sent to any of the "
            "regions, or leave it out"
        )
    for region in regions:
        if region not in JURISDICTIONS:
            known = ", ".join(JURISDICTIONS)
            faults.append(
                f"regions has {region!r}, which is not known to have Rekognition; choose of {known}"
            )
        elif missing := missing_in(region, operations):
            faults.append(f"regions has {region}, where Rekognition has no {', '.join(missing)}")
    if len(set(regions)) < len(regions):
        faults.append(f"regions names one twice: {','.join(regions)}")
    known_regions = [region for region in regions if region in JURISDICTIONS]
    if set(known_regions) & APART and len(set(known_regions)) > 1:
        faults.append(f"regions has {', '.join(APART)}, which takes no calls of accounts of other regions")
    elif residency != ANYWHERE and len(by_law := _by_jurisdiction(known_regions)) > 1:
        parts = " and ".join(f"{', '.join(found)} in {law}" for law, found in by_law.items())
        faults.append(
            f"regions has {parts}: photos would be sent from one to the other. Name regions of one of them, "
            f"or set residency to {ANYWHERE!r} if that is allowed"
        )
    return faults


def _by_jurisdiction(regions: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for region in regions:
        found.setdefault(JURISDICTIONS[region], []).append(region)
    return found


def line_name(region: str, operation: str) -> str:
    """Return the name of an operation's line abroad."""
    return f"{region}:{operation}"


def split_line(line: str) -> tuple[str, str]:
    """Return the region and the operation of a line; the region of one at home is empty."""
    region, _, operation = line.rpartition(":")
    return region, operation


def quotas_abroad(
    regions: Sequence[str], home: str, operations: Iterable[str], chosen: Mapping[str, float]
) -> dict[str, float]:
    """Return the calls a second of each line abroad, in the order of the regions.

    `chosen` has those that somebody set, by line; the others are what a new account has there.
    """
    asked = [operation for operation in operations if operation in STATELESS]
    lines = [(region, operation) for region in regions if region != home for operation in asked]
    return {line_name(*line): chosen.get(line_name(*line), usual_quota(line[1], line[0])) for line in lines}


def total_quotas(quotas: Mapping[str, float], abroad: Mapping[str, float]) -> dict[str, float]:
    """Return the calls a second of each operation in all regions together. `quotas` are those at home."""
    total = dict(quotas)
    for line, quota in abroad.items():
        operation = split_line(line)[1]
        if operation in total:
            total[operation] += quota
    return total


def share_sent(quotas: Mapping[str, float], abroad: Mapping[str, float]) -> float:
    """Return the share of calls that go abroad when there is enough to do everywhere: by the quotas."""
    at_home, sent = sum(quotas.values()), sum(abroad.values())
    return sent / (at_home + sent) if sent else 0.0
