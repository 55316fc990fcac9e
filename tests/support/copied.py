"""A text that notes how much of it is copied when texts are put together two by two."""

from typing import ClassVar


class Copied(str):
    """A text like any other."""

    __slots__ = ()
    characters: ClassVar[int] = 0  # of all sums of two texts since `forget`

    @classmethod
    def forget(cls) -> None:
        """Count from here on."""
        cls.characters = 0

    def __add__(self, other: str) -> "Copied":
        return self._summed(str(self) + str(other))

    def __radd__(self, other: str) -> "Copied":
        return self._summed(str(other) + str(self))

    @classmethod
    def _summed(cls, text: str) -> "Copied":
        cls.characters += len(text)
        return cls(text)
