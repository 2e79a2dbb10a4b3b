"""Questions about many images: postings of terms, conjunction, held against the records, cut into pages."""
