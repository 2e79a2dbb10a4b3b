"""What the processor counts, named in one place: CloudWatch metrics, and the counts of a day in the table."""

from enum import StrEnum


class Metric(StrEnum):
    """The metrics of the processor, all of them counts."""

    IMAGES_RECOGNIZED = "ImagesRecognized"
    IMAGES_REJECTED = "ImagesRejected"
    IMAGES_DELETED = "ImagesDeleted"
    EVENTS_STALE = "EventsStale"
    EVENTS_REPEATED = "EventsRepeated"
    CALLS_MADE = "CallsMade"
    CALLS_AVOIDED = "CallsAvoided"
    CALLS_THROTTLED = "CallsThrottled"
    DAILY_LIMIT_REACHED = "DailyLimitReached"
    BUDGET_WRITES = "BudgetWrites"
    COMPLETIONS_PUBLISHED = "CompletionsPublished"
    DEAD_LETTERS = "DeadLetters"
    MESSAGES_HANDED_BACK = "MessagesHandedBack"
    CONFIGURATION_ERRORS = "ConfigurationErrors"
    # Where photos of one scene have each other's answers (docs/decisions/0015-paying-once-a-scene.md).
    CALLS_INHERITED = "CallsInherited"
    SCENES_COMPARED = "ScenesCompared"
    SCENE_LABELS = "SceneLabels"
    SCENE_LABELS_DIFFERENT = "SceneLabelsDifferent"
    # Where other regions are asked too (docs/decisions/0023-regions-as-one-quota.md).
    CALLS_ABROAD = "CallsAbroad"
    REGION_FAILURES = "RegionFailures"


# In seconds, written where there is a dashboard: of photos that were uploaded just now, until their record
# was there, and questions found them.
SECONDS_TO_SEARCHABLE = "SecondsToSearchable"

# What is written by no deployment that did not ask for it.
SCENE_METRICS = (
    Metric.CALLS_INHERITED,
    Metric.SCENES_COMPARED,
    Metric.SCENE_LABELS,
    Metric.SCENE_LABELS_DIFFERENT,
)
REGION_METRICS = (Metric.CALLS_ABROAD, Metric.REGION_FAILURES)


class TallyMetric(StrEnum):
    """The metrics of the tally, all of them counts."""

    IMAGES_TALLIED = "ImagesTallied"
    RECORDS_UNREADABLE = "RecordsUnreadable"
    SHARES_UNUSABLE = "SharesUnusable"
    DIFFERENCES_FOUND = "DifferencesFound"
