"""What a command prints of a file that anybody may have written. Pure."""


def printable(text: str) -> str:
    """`text` without what a terminal would obey or cannot show: control characters, half surrogate pairs.

    >>> printable("a\\x1b[2Jb\\ud800\\n")
    'a�[2Jb��'
    """
    return "".join(character if character.isprintable() else "�" for character in text)
