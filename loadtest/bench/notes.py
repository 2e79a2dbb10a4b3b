"""The title of each table, and what is and what is not in its figures."""

from collections.abc import Mapping

NOTES: Mapping[str, tuple[str, str]] = {
    "throughput": (
        "Images a second",
        "Medians of rounds in turn, each of photos that nobody has seen before, in the same mix. Asked "
        "directly: four threads call DetectLabels and DetectFaces by S3Object on photos that are there "
        "already. End to end: from the first upload to the last completion received from SNS, uploads "
        "included; each photo took exactly two detector calls.",
    ),
    "processor": (
        "Processor time of an image",
        "Where it was spent in the same rounds, by process. On a machine whose cores are all busy, what all "
        "of them spend together bounds the images a second. The caller asks in one case; in the other it "
        "uploads and follows completions.",
    ),
    "handling": (
        "The processor's own time and requests",
        "The deployed code in an interpreter of its own, handed batches of ten photos that nobody has seen, "
        "two detectors each; a Rekognition that answers at once without looking. The AWS calls were written "
        "down and made again by bare boto3, as many at a time. No waiting is in processor time.",
    ),
    "memory": (
        "Memory at its highest",
        "Resident, looked at three times a second while the rounds ran, and then while four threads kept the "
        "API at work.",
    ),
    "pages": (
        "Questions",
        "The deployed query API in an interpreter of its own, asked for one image and for pages of 50, in "
        "turn with a handler that does one `get_item` by boto3 and no more. The table is made up and answers "
        "after 4 ms, as DynamoDB does; it finds a sort key by halving, and counts read units by DynamoDB's "
        "rules. `Person` is on half of the images, `Outdoors` on 40 %, `Tree` on 30 %: all three on 6 %.",
    ),
    "starting": (
        "Starting and deploying",
        "`make run` on `images/` in a new directory on free ports, with the vision models and the functions' "
        "zips there. The photos' own time is its `recognize` stage; their upload by the AWS CLI is not in "
        "that.",
    ),
    "imports": (
        "Cold imports",
        "A fresh interpreter that imports the deployed handler and builds everything (clients included), "
        "against one that makes the same clients with boto3; medians, in turn. As on Lambda: boto3 has its "
        "bytecode; the zip has it where the machine that deployed has Python 3.13, and none can be written "
        "beside it later, for `/var/task` is read-only.",
    ),
}
