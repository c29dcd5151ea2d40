"""What is looked up once and kept: `functools.cached_property` without its lock.

Facts and questions belong to one assessment and one thread; Python 3.11 takes a lock at every first
look, which cost more than most of what is looked up.
"""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator, as `property` is
    """A value computed when it is first asked for, and kept in the instance."""

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        found = instance.__dict__[self.name] = self.function(instance)
        return found
