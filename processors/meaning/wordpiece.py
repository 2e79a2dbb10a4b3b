"""WordPiece: a text as the numbers of the pieces that a BERT model knows, lower case and without accents.

https://arxiv.org/abs/1609.08144, in the form that BERT uncased reads
(https://github.com/google-research/bert/blob/master/tokenization.py).
"""

import unicodedata
from collections.abc import Iterator, Mapping

_CONTINUED = "##"
_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_MOST_CHARACTERS = 100
# Blocks of CJK ideographs: each of them is a word.
_IDEOGRAPHS = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F)),
    *((0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)


def numbers_of(text: str, vocabulary: Mapping[str, int], most: int) -> list[int]:
    """Return the numbers of a text's pieces, with the two that stand around them; `most` at most."""
    pieces = (piece for word in words_of(text) for piece in _pieces(word, vocabulary))
    numbers = [vocabulary[piece] for piece, _ in zip(pieces, range(most - 2), strict=False)]
    return [vocabulary[_BEGIN], *numbers, vocabulary[_END]]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; each sign of punctuation and each ideograph is one."""
    plain = unicodedata.normalize("NFD", text.lower())
    return "".join(map(_apart, plain)).split()


def _apart(sign: str) -> str:
    category = unicodedata.category(sign)
    if category == "Mn":
        return ""
    if category[0] == "C":
        return " " if sign in "\t\n\r" else ""
    is_ascii_sign = sign.isascii() and sign.isprintable() and not sign.isalnum() and sign != " "
    is_ideograph = any(first <= ord(sign) <= last for first, last in _IDEOGRAPHS)
    return f" {sign} " if category[0] == "P" or is_ascii_sign or is_ideograph else sign


def _pieces(word: str, vocabulary: Mapping[str, int]) -> Iterator[str]:
    """Return the longest pieces that make a word, from its beginning; one for all of an unknown word."""
    found: list[str] = []
    begin = 0
    while begin < len(word) <= _MOST_CHARACTERS:
        end = len(word)
        while end > begin and (piece := _CONTINUED * (begin > 0) + word[begin:end]) not in vocabulary:
            end -= 1
        if end == begin:
            break
        found.append(piece)
        begin = end
    yield from found if begin == len(word) else (_UNKNOWN,)
