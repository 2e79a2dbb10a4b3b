"""By which index terms a question is answered."""

from __future__ import annotations

from contract import table
from query_api.questions import ListQuestion, Order

Terms = tuple[str, ...]


def driving(question: ListQuestion) -> tuple[Terms, ...]:
    """Give groups of terms: what is wanted stands under one term of each group.

    In order of confidence there is one group, whose rows have the confidence that is asked for; everything
    else is then seen on the heads.
    """
    groups = list(_groups(question))
    if question.order is Order.CONFIDENCE:
        return (groups[0],)
    return tuple(groups) or ((table.status_term(question.status),),)


def _groups(question: ListQuestion) -> list[Terms]:
    """List the groups, the one whose confidence is shown first. Each group once, however often asked for."""
    groups: list[Terms] = [(table.label_term(name),) for name in question.labels]
    if question.any_labels:
        groups.append(tuple(dict.fromkeys(map(table.label_term, question.any_labels))))
    if question.moderation is not None:
        groups.append((table.moderation_term(question.moderation),))
    groups += [(table.word_term(word),) for word in question.words]
    if question.min_faces:
        groups.append((table.faces_term(),))
    return list(dict.fromkeys(groups))
