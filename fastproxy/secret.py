"""A secret as a value that no log, error or repr can show by accident. Must never grow a way to be serialised."""


class Secret:
    """A credential whose repr hides it. Whoever calls `reveal()` sends it, seals it, or looks for it to hide it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
