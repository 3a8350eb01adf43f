"""Recent: the latest few things that were found, by what they were found from.

What takes long to find is found once as long as it is asked for again and again; what has not been asked for the
longest goes first, so that memory stays bounded.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Recent(Generic[_Value]):
    """The values of the latest keys.

    Args:
        most: values that are kept, at least 1.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, _Value] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """How many values are kept now."""
        return len(self._kept)

    def get(self, key: Hashable, find: Callable[[], _Value]) -> _Value:
        """The value of a key, found now unless it is kept; what `find` raises is raised, and nothing is kept.

        Two threads that ask for the same at once may both find it.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            # Before another is found: the most memory that is used is that of `most` values.
            while len(self._kept) >= self._most:
                self._kept.popitem(last=False)
        value = find()
        with self._lock:
            self._kept[key] = value
        return value
