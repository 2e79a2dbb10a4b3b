"""How long things may take: the only place where these numbers stand."""

PROCESSOR_TIMEOUT_SECONDS = 60
BATCH_WINDOW_SECONDS = 1

# AWS asks for six times the function's timeout, plus the batching window, so that a message does not come
# back while the batch that holds it may still be retried.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_SECONDS = 6 * PROCESSOR_TIMEOUT_SECONDS + BATCH_WINDOW_SECONDS

# One AWS call may take this long, and the retries of one call together start no later than that.
CALL_SECONDS = 10
RETRYING_SECONDS = 10

# What is left of the timeout when no new detector call is started: that call with its retries, and the writes
# that follow.
RESERVE_SECONDS = CALL_SECONDS + RETRYING_SECONDS + 5

# A message that failed this often for a reason of its own is a dead letter: the processor puts it there with
# the reason. One that took its function down with it cannot be explained: SQS moves it, one receive later.
MAX_RECEIVES = 8
QUEUE_MAX_RECEIVES = 1000

# A claim on a detector call ends with the invocation that made it.
CLAIM_SECONDS = PROCESSOR_TIMEOUT_SECONDS

# How long a message that came back stays away: doubled each time, with full jitter.
FIRST_BACKOFF_SECONDS = 4
LONGEST_BACKOFF_SECONDS = 300

# Retention counts from the first enqueue, so the dead-letter queue must keep longer than its source.
QUEUE_RETENTION_DAYS = 10
DEAD_LETTER_RETENTION_DAYS = 14

QUERY_TIMEOUT_SECONDS = 10

# Counts are behind by at most this, as long as all goes well. More images in one go are fewer writes.
TALLY_WINDOW_SECONDS = 5
# A batch of 1,000 takes 2 s; going through all keys again takes what there is.
TALLY_TIMEOUT_SECONDS = 120

# A late create may come after its delete by as long as a message can live in the queue, and then some.
TOMBSTONE_DAYS = 30
