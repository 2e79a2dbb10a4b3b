"""What it costs: an executable model, by which `imagepipe cost`, `plan` and `backfill --max-cost` reckon."""
