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


class TallyMetric(StrEnum):
    """The metrics of the tally, all of them counts."""

    IMAGES_TALLIED = "ImagesTallied"
    RECORDS_UNREADABLE = "RecordsUnreadable"
    SHARES_UNUSABLE = "SharesUnusable"
    DIFFERENCES_FOUND = "DifferencesFound"
