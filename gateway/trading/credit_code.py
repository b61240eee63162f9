"""The unified social credit code (统一社会信用代码, GB 32100-2015): 17 characters and a check character, modulo 31."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def check_character(first17: str) -> str:
    """The 18th character that belongs to the first 17.  ValueError for another length or a character outside the alphabet.

    >>> check_character("91350100M000100Y4")
    '3'
    """
    if len(first17) != 17:
        raise ValueError(f"the check character is made from 17 characters, not {len(first17)}")
    foreign = sorted({character for character in first17 if character not in _VALUES})
    if foreign:
        raise ValueError(f"{''.join(foreign)!r} is not in the alphabet of GB 32100 (digits, and letters but I O S V Z)")
    total = sum(_VALUES[character] * weight for character, weight in zip(first17, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def credit_code_problem(code: str) -> str | None:
    """What is wrong with `code`, or None; never a character of it: it may be a one-person business.

    A wrong code is worth a warning; it is never a reason to refuse a lot.

    >>> credit_code_problem("91350100M000100Y43") is None
    True
    """
    if len(code) != 18:
        return f"credit code has {len(code)} characters; GB 32100 asks for 18"
    for place, character in enumerate(code, 1):
        if character not in _VALUES:
            return f"credit code: character {place} is not in the alphabet of GB 32100 (digits, and letters but I O S V Z)"
    if code[17] != check_character(code[:17]):
        return "credit code: the check character does not fit the other 17 (GB 32100); the code is mistyped"
    return None
