"""How long things may take: the only place where these numbers stand."""

DAY_SECONDS = 86_400

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

# A message that failed this often for a reason of its own is a dead letter: the processor sends it there with
# the reason. Receives are not failures: where nobody is to blame, a message is received as often as it takes.
MAX_ATTEMPTS = 8

# SQS counts every receive, also of invocations that Lambda throttles or that never began, so its redrive
# policy is the last resort only and set to the most that it takes.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
QUEUE_MAX_RECEIVES = 1000

# A claim on a detector call ends with the invocation that made it.
CLAIM_SECONDS = PROCESSOR_TIMEOUT_SECONDS

# How long a message that came back stays away: doubled each time, with full jitter, so that everything is
# done within minutes of the return of whatever was missing. After PATIENT_RECEIVES, which take two days, it
# comes less often: both together outlast the retention before QUEUE_MAX_RECEIVES are used up.
FIRST_BACKOFF_SECONDS = 4
LONGEST_BACKOFF_SECONDS = 600
PATIENT_RECEIVES = 600
PATIENT_BACKOFF_SECONDS = 2 * 3600
# What failed may know by when to try again; a message that was told so this often waits like any other.
HINTED_RECEIVES = 50

# The longest that SQS takes, for both queues. A message that still waits is sent anew before it would vanish;
# one that the processor gives up on is sent to the dead letters, where its time starts anew too.
QUEUE_RETENTION_DAYS = 14
DEAD_LETTER_RETENTION_DAYS = 14
RENEWAL_DAYS = 12

# For so long a failure that may well be a service's, and not the image's, counts against no image.
PATIENCE_SECONDS = 12 * 3600

# A HEIC of 48 megapixels takes 5 s on one core, a large TIFF as long; what takes longer is broken off.
PICTURE_TIMEOUT_SECONDS = 25

# Its start takes a second or two on a core, a vector of labels a tenth of one. Who asks by words waits less.
MEANING_TIMEOUT_SECONDS = 20
# Where Bedrock is asked: with the last of its attempts it ends within RESERVE_SECONDS.
EMBEDDING_CALL_SECONDS = 8
EMBEDDING_TIMEOUT_SECONDS = 12
# A slice of a film is cut so that it takes half of this; what takes longer is gone through in leaps.
FILM_TIMEOUT_SECONDS = 30

# What a job on a film has found comes in pages of a thousand, some a second. A completion that cannot be
# taken for a day is given up: the schedule asks about its job all the same.
FILM_JOBS_TIMEOUT_SECONDS = 300
FILM_JOBS_VISIBILITY_SECONDS = 6 * FILM_JOBS_TIMEOUT_SECONDS
FILM_JOBS_MAX_RECEIVES = 48
FILM_JOBS_RETENTION_DAYS = 4

QUERY_TIMEOUT_SECONDS = 10

# Dead letters are looked at for so long in one request, and held for as long if the function is killed
# meanwhile. An HTTP API waits 30 s: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
LETTERS_SECONDS = 10
LETTERS_HOLD_SECONDS = 30
OPERATOR_TIMEOUT_SECONDS = 25

# Reading and writing a correction takes milliseconds, having a thousand copies looked at again a second.
EDITOR_TIMEOUT_SECONDS = 25

# Counts are behind by at most this, as long as all goes well. More images in one go are fewer writes.
TALLY_WINDOW_SECONDS = 5
# A batch of 1,000 takes 2 s; going through all keys again takes what there is.
TALLY_TIMEOUT_SECONDS = 120

# A change that could not be counted for so long leaves the line. Regional outages take hours
# (https://aws.amazon.com/message/101925/), the stream forgets after 24.
TALLY_PATIENCE_HOURS = 12

# A round of the audit begins a day after the last one did; asked every hour, it must not be put off to the
# next because the clock of the schedule was early. What is younger than SETTLED_SECONDS is not judged.
AUDIT_SECONDS = DAY_SECONDS - 1800
SETTLED_SECONDS = 3600

# Results of a content that no record names any more are there for so long, for whoever uploads it again. In
# the last part of it that is paid for anew: the tally follows a stream that lasts a day, and must be in time.
RESULTS_GRACE_SECONDS = 3 * DAY_SECONDS
RESULTS_UNSAFE_SECONDS = 36 * 3600
# DynamoDB may take some days to delete what has expired; that it is being removed is known for longer.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
REMOVAL_SECONDS = 30 * DAY_SECONDS

# A late create may come after its delete by as long as a message can live in the queue, and then some.
TOMBSTONE_DAYS = 30

# Under a key of the customer's, SQS asks KMS for a new data key this often; five minutes is usual, and twelve
# times the price. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
QUEUE_DATA_KEY_SECONDS = 3600

# Alerts: ten rules take a second. Whoever has begun to send a message is over when the lease is; then another
# sends it, with the same id. A completion that cannot be counted for half a day is a dead letter.
ALERTS_TIMEOUT_SECONDS = 30
ALERTS_LEASE_SECONDS = 2 * ALERTS_TIMEOUT_SECONDS
ALERTS_WINDOW_SECONDS = 5
ALERTS_VISIBILITY_SECONDS = 6 * ALERTS_TIMEOUT_SECONDS + ALERTS_WINDOW_SECONDS
ALERTS_MAX_RECEIVES = 240
# What a rule that is no more has left behind expires.
ALERTS_KEPT_SECONDS = 30 * DAY_SECONDS

# Cameras: what was seen is told within seconds, by few workers, for all change the same few items.
CAMERAS_TIMEOUT_SECONDS = 30
CAMERAS_WINDOW_SECONDS = 1
CAMERAS_VISIBILITY_SECONDS = 6 * CAMERAS_TIMEOUT_SECONDS + CAMERAS_WINDOW_SECONDS
CAMERAS_MAX_RECEIVES = 240

# Persons: a consent that is over is carried out within the hour; photos that are gone are looked for once a
# day. Lambda's most: the whole table is read for whoever is forgotten.
PEOPLE_TIMEOUT_SECONDS = 900
CONSENTS_HOURS = 1
GONE_PHOTOS_HOURS = 24
