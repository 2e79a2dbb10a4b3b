"""What the processor counts, named in one place: CloudWatch metrics, and the counts of a day in the table.

docs/metrics.md is generated from the comments: what is counted, in one sentence above each.
"""

from enum import StrEnum


class Metric(StrEnum):
    """The metrics of the processor, all of them counts."""

    # Records written for images that were recognized
    IMAGES_RECOGNIZED = "ImagesRecognized"
    # Records written for images that never can be, with the reason
    IMAGES_REJECTED = "ImagesRejected"
    # Notes written for images that are not there any more
    IMAGES_DELETED = "ImagesDeleted"
    # Events of a key of which a newer one was taken in before
    EVENTS_STALE = "EventsStale"
    # Events that found the record right
    EVENTS_REPEATED = "EventsRepeated"
    # Calls to Rekognition that were answered, and so paid for
    CALLS_MADE = "CallsMade"
    # Calls that were not made because the answer was kept
    CALLS_AVOIDED = "CallsAvoided"
    # Calls that Rekognition refused for its quota; free
    CALLS_THROTTLED = "CallsThrottled"
    # Batches that had to wait because the day's calls were made
    DAILY_LIMIT_REACHED = "DailyLimitReached"
    # Updates of the shared rate limiter: two or three a batch are usual
    BUDGET_WRITES = "BudgetWrites"
    # Completions that SNS took
    COMPLETIONS_PUBLISHED = "CompletionsPublished"
    # Messages given up, with the reason in them
    DEAD_LETTERS = "DeadLetters"
    # Messages that SQS brings again after a wait
    MESSAGES_HANDED_BACK = "MessagesHandedBack"
    # Batches and calls that access, keys or missing resources of the deployment stopped
    CONFIGURATION_ERRORS = "ConfigurationErrors"
    # Calls that were not made because another photo of the scene has the answer (with `scenes` alone)
    CALLS_INHERITED = "CallsInherited"
    # Photos that were asked about all the same, to compare (with `scenes` alone)
    SCENES_COMPARED = "ScenesCompared"
    # Sure labels of the photos compared (with `scenes` alone)
    SCENE_LABELS = "SceneLabels"
    # Those of them that only one of the two photos has (with `scenes` alone)
    SCENE_LABELS_DIFFERENT = "SceneLabelsDifferent"
    # Answers of Rekognition in other regions (with `regions` alone)
    CALLS_ABROAD = "CallsAbroad"
    # Questions that a region did not answer, or refused to (with `regions` alone)
    REGION_FAILURES = "RegionFailures"
    # Pictures that nothing was asked about, because their camera shows nothing new (with `cameras` alone)
    PICTURES_UNCHANGED = "PicturesUnchanged"


# Seconds from the upload of a live photo until its record was there (with `dashboard` alone)
SECONDS_TO_SEARCHABLE = "SecondsToSearchable"

# What is written by no deployment that did not ask for it.
SCENE_METRICS = (
    Metric.CALLS_INHERITED,
    Metric.SCENES_COMPARED,
    Metric.SCENE_LABELS,
    Metric.SCENE_LABELS_DIFFERENT,
)
REGION_METRICS = (Metric.CALLS_ABROAD, Metric.REGION_FAILURES)
CAMERA_METRICS = (Metric.PICTURES_UNCHANGED,)


class TallyMetric(StrEnum):
    """The metrics of the tally, all of them counts."""

    # Images whose counts of labels and states were brought in line
    IMAGES_TALLIED = "ImagesTallied"
    # Records that could not be counted, because they cannot be read
    RECORDS_UNREADABLE = "RecordsUnreadable"
    # Notes of what an image is counted for that cannot be used
    SHARES_UNUSABLE = "SharesUnusable"
    # Photos and records that the daily audit found to differ
    DIFFERENCES_FOUND = "DifferencesFound"
