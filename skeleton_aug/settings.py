"""What everything that is made of settings shares: checked names, a form that reads as code, and one to save."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Self

import numpy as np

from skeleton_aug.skeletons import SKELETONS, Skeleton

VERSION = 1
"""Of the form that :meth:`Settings.to_dict` gives."""
_LINE = 100


@dataclass(frozen=True)
class Settings:
    """Base of transforms and pipelines: subclasses are frozen dataclasses of settings, and nothing but settings."""

    def __new__(cls, *args: Any, **settings: Any) -> Self:
        """Refuse settings that there are not, with the names of those that there are."""
        _check_names(cls, args, settings)
        return super().__new__(cls)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A dataclass writes a repr of its own into every class that does not have one.
        if "__repr__" not in vars(cls):
            cls.__repr__ = Settings.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        for setting in fields(self):
            if setting.init:
                object.__setattr__(self, setting.name, _plain(getattr(self, setting.name)))

    def __repr__(self) -> str:
        shown = [
            _code(getattr(self, s.name)) if _by_position(s) else f"{s.name}={_code(getattr(self, s.name))}"
            for s in fields(self)
            if s.init and getattr(self, s.name) != _default(s)
        ]
        return _call(type(self).__name__, shown)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, with all settings: the result stays the same pipeline when a default changes.

        Raises
        ------
        TypeError
            When a setting is neither a plain value, a skeleton nor a transform.
        ValueError
            When another class has the name of one that is to be saved.
        """
        return {"version": VERSION, "pipeline": _encode(self, type(self).__name__)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`. Classes are found by name; your own once the module that has them is imported.

        Raises
        ------
        ValueError
            When a class or a setting is unknown, or a newer version wrote the values.
        """
        if not isinstance(values, Mapping) or not {"version", "pipeline"} <= set(values):
            raise ValueError(f"{cls.__name__}: expected a dict with 'version' and 'pipeline', as to_dict gives it.")
        check_version(cls.__name__, values["version"], VERSION)
        made = _decode(values["pipeline"])
        if not isinstance(made, cls):
            raise ValueError(f"{cls.__name__}: the values describe {_what(made)}, which is not a {cls.__name__}.")
        return made


def check_version(who: str, found: Any, known: int) -> None:
    """Raise ValueError for values that a newer version wrote, or that are no version."""
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= known:
        raise ValueError(
            f"{who}: these values have version {found!r}, and this package reads versions 1 to {known}; "
            "a newer package wrote them, unless they were changed by hand."
        )


def find_class(base: type, name: str, who: str) -> Any:
    """Return the subclass of that name: the package's, else your own, the latest where it was defined again."""
    known = list(_subclasses(base))
    named = [kind for kind in known if kind.__name__ == name]
    named = [kind for kind in named if _is_ours(kind)] or named
    if not named:
        public = sorted({kind.__name__ for kind in known if not kind.__name__.startswith("_")})
        raise ValueError(
            f"{who}: unknown class {name!r}{_suggest(str(name), public)} Known are {', '.join(public)}; "
            "one of your own is found once the module that defines it is imported."
        )
    modules = sorted({kind.__module__ for kind in named})
    if len(modules) > 1:
        raise ValueError(f"{who}: there is a {name} in each of {', '.join(modules)}; rename all but one.")
    return named[-1]


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == __name__.partition(".")[0]


def _subclasses(base: type) -> Iterator[type]:
    kinds: list[type] = base.__subclasses__()
    for kind in kinds:
        yield kind
        yield from _subclasses(kind)


def _check_names(cls: type, args: tuple[Any, ...], settings: Mapping[str, Any]) -> None:
    """Raise TypeError for unknown settings, and for settings given by position where they have no order."""
    known = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    names = list(known)[1:]
    kinds = {known[name].kind for name in names}
    unknown = [] if inspect.Parameter.VAR_KEYWORD in kinds else [name for name in settings if name not in names]
    if unknown:
        raise TypeError(
            f"{cls.__name__}: unknown setting {unknown[0]!r}{_suggest(unknown[0], names)} "
            f"Its settings are {', '.join(names) or 'none'}."
        )
    ordered = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL} & kinds
    if args and names and not ordered:
        first = next((name for name in names if name != "p"), names[0])
        raise TypeError(f"{cls.__name__}: settings are given by name, as in {cls.__name__}({first}={_code(args[0])}).")


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1, 0.5) or [k for k in known if k.startswith(name)][:1]
    return f": did you mean {close[0]!r}?" if close else "."


def _plain(value: Any) -> Any:
    """Lists as tuples, NumPy's numbers as Python's, built-in skeletons by name: equal settings compare equal."""
    if isinstance(value, list | tuple):
        return tuple(_plain(v) for v in value)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Skeleton) and SKELETONS.get(value.name) == value:
        return value.name
    return value


def _default(setting: Field[Any]) -> Any:
    return setting.default if setting.default_factory is MISSING else setting.default_factory()


def _by_position(setting: Field[Any]) -> bool:
    return not setting.kw_only and _default(setting) is MISSING


def _code(value: Any) -> str:
    """The value as one would write it."""
    if isinstance(value, Skeleton):
        return f"Skeleton.from_dict({value.to_dict()!r})"
    if isinstance(value, tuple) and any(isinstance(v, Settings) for v in value):
        return _join("[", [_code(v) for v in value], "]")
    return "[]" if value == () else repr(value)


def _call(name: str, arguments: list[str]) -> str:
    return _join(f"{name}(", arguments, ")")


def _join(begin: str, parts: list[str], end: str) -> str:
    """On one line where it fits, else one part a line."""
    line = f"{begin}{', '.join(parts)}{end}"
    if len(line) <= _LINE and "\n" not in line:
        return line
    # A list alone hugs its brackets.
    if len(parts) == 1 and parts[0].startswith("["):
        return f"{begin}{parts[0]}{end}"
    return begin + "\n" + textwrap.indent("".join(f"{part},\n" for part in parts), "    ") + end


def _what(value: Any) -> str:
    return type(value).__name__


def _encode(value: Any, where: str) -> Any:
    if isinstance(value, Settings):
        found = find_class(Settings, _what(value), "to_dict")
        if found.__module__ != type(value).__module__:
            raise ValueError(
                f"to_dict: rename {type(value).__module__}.{_what(value)}: {found.__module__} has one too."
            )
        settings = {s.name: getattr(value, s.name) for s in fields(value) if s.init}
        # No setting can have this name, which Python keeps for itself.
        return {"class": _what(value)} | {k: _encode(v, f"{_what(value)}: {k}") for k, v in settings.items()}
    if isinstance(value, Skeleton):
        return {"class": "Skeleton"} | value.to_dict()
    if isinstance(value, tuple | list):
        return [_encode(v, where) for v in value]
    if isinstance(value, Mapping):
        return {str(k): _encode(v, where) for k, v in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"{where} is a {_what(value)}, which cannot be saved: expected numbers, strings, sequences and dicts of them, "
        "skeletons or transforms."
    )


def _decode(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_decode(v) for v in value)
    if not isinstance(value, Mapping):
        return value
    settings = {k: _decode(v) for k, v in value.items() if k != "class"}
    if "class" not in value:
        return settings
    if value["class"] == "Skeleton":
        return Skeleton.from_dict(settings)
    kind = find_class(Settings, value["class"], "from_dict")
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"{value['class']}: these are not its settings: {error}") from error
