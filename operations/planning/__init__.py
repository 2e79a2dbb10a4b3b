"""What a listing of objects would take: calls that were not paid for yet, hours, dollars."""
