"""The schema that a project's ``generate_schema_name`` gives a model with a custom schema.

https://docs.getdbt.com/docs/build/custom-schemas: dbt's own macro puts the target's schema before the custom one; projects have
others that give the custom one alone, in production or always. The target's schema is a deployment's, so that what stands here
is the name without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ray_lineage.model import UNKNOWN, Diagnostic

if TYPE_CHECKING:
    from ray_lineage.compile.text.jinja_macros import Library, Macro

_NAME: Final = "generate_schema_name"
MACROS: Final = (_NAME, f"default__{_NAME}")
"""What a project calls its own, which dbt calls in place of the one that it has."""
_FOR_ENVIRONMENTS: Final = (
    "{% macro generate_schema_name_for_env(custom_schema_name, node) %}"
    "{% if custom_schema_name is not none %}{{ custom_schema_name | trim }}{% else %}{{ target.schema }}{% endif %}{% endmacro %}"
)
"""The macro of dbt that gives the custom schema in production, and else the target's own."""
_TARGET: Final = "target__schema"
"""Stands for the target's own schema."""
_SAMPLE: Final = "custom_schema"


def schema_of(custom: str, library: Library) -> str:
    """The schema of a model with this custom one: that alone, unless a macro of the project says otherwise and can be
    understood."""
    macro = next(filter(None, (library.macro("", name) for name in MACROS)), None)
    found = _given_by({_NAME: macro}, custom, library) if macro is not None else custom
    return custom if found is None else found


def unclear(text: str, defines: Sequence[str], library: Library) -> Iterator[Diagnostic]:
    """What is to be said of a file that defines such a macro."""
    if not set(MACROS) & set(defines):
        return
    from ray_lineage.compile.text.jinja_macros import macros_in
    from ray_lineage.compile.text.jinja_structure import Reader

    reader = Reader(text)
    own = macros_in(reader, library.package)
    for head, block in reader.macros():
        if head.name in MACROS and _given_by({**own, _NAME: own[head.name]}, _SAMPLE, library) is None:
            what = "what this macro makes of a custom schema is not understood: models are taken to be in that alone"
            yield Diagnostic("RL180", "info", what, reader.line(block.start))


def _given_by(own: Mapping[str, Macro], custom: str, library: Library) -> str | None:
    """None: it cannot be understood."""
    from ray_lineage.compile.text.jinja_run import Run
    from ray_lineage.compile.text.jinja_structure import Reader
    from ray_lineage.compile.text.jinja_writing import all_texts

    text = f"{_FOR_ENVIRONMENTS}{{{{ {_NAME}({custom!r}, {{'resource_type': 'model'}}) }}}}"
    run = Run(Reader(text), "", '"', library, {"schema": _TARGET})
    run.own.update(own)
    base, others = all_texts(run)
    return _agreed((base, *others), custom)


def _agreed(texts: Iterable[str], custom: str) -> str | None:
    """The one name that is given, whatever the target is; names with the custom schema in them before others."""
    names = [_without_target("".join(text.split())) for text in texts]
    telling = [name for name in names if custom.lower() in name.lower()] or names
    return telling[0] if len({n.lower() for n in telling}) == 1 and UNKNOWN not in telling[0] else None


def _without_target(name: str) -> str:
    for part in (f"{_TARGET}_", f"_{_TARGET}", _TARGET):
        name = name.replace(part, "")
    return name
