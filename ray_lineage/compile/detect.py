"""Which dialect is a text in? Cheap evidence, for files that no configuration speaks for."""

from __future__ import annotations

import re
from typing import Final

_EVIDENCE: Final[tuple[tuple[str, int, re.Pattern[str]], ...]] = (
    ("tsql", 5, re.compile(r"^[ \t]*GO[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)),
    ("tsql", 3, re.compile(r"(?<![\w\])\"])\[[A-Za-z_][\w $]{0,60}\]\s*[.(,\s]")),
    ("tsql", 2, re.compile(r"@@?\w+|\bN'|\bGETDATE\s*\(|\bISNULL\s*\(|\bNOLOCK\b|\bNVARCHAR\b|\bIDENTITY\s*\(|\bSET\s+NOCOUNT\b", re.I)),
    ("tsql", 2, re.compile(r"\bSELECT\s+TOP\b|\bCROSS\s+APPLY\b|\bOUTER\s+APPLY\b|\bdbo\.|\bBEGIN\s+TRY\b|(?<!\w)#\w+", re.I)),
    ("postgres", 3, re.compile(r"\w::\w|\$\w{0,20}\$|\bON\s+CONFLICT\b|\bDISTINCT\s+ON\b|\bILIKE\b|\bplpgsql\b|\bSERIAL\b", re.I)),
    ("postgres", 1, re.compile(r"\bMATERIALIZED\s+VIEW\b|\bto_timestamp\b|\bgenerate_series\b|\bRETURNING\b|\bINTERVAL\s+'", re.I)),
    ("bigquery", 4, re.compile(r"`[\w-]{1,60}\.[\w-]{1,60}(\.[\w*-]{1,60})?`|\bSAFE_CAST\b|\bSTRUCT<|\bARRAY<|\b_TABLE_SUFFIX\b", re.I)),
    ("mysql", 4, re.compile(r"\bDELIMITER\b|\bENGINE\s*=|\bAUTO_INCREMENT\b|\bON\s+DUPLICATE\s+KEY\b", re.I)),
    ("mysql", 1, re.compile(r"`\w{1,60}`")),
    ("snowflake", 4, re.compile(r"\bLATERAL\s+FLATTEN\b|\bVARIANT\b|\bCOPY\s+INTO\b|\bUSE\s+WAREHOUSE\b|\bQUALIFY\b|\bTRANSIENT\b", re.I)),
    ("oracle", 4, re.compile(r"\bVARCHAR2\b|\bNVL2?\s*\(|\bSYSDATE\b|\bCONNECT\s+BY\b|\bFROM\s+DUAL\b|^/\s*$|\(\+\)", re.I | re.M)),
    ("spark", 4, re.compile(r"\bLATERAL\s+VIEW\b|\bINSERT\s+OVERWRITE\b|\bUSING\s+(DELTA|PARQUET)\b|\bPARTITIONED\s+BY\b", re.I)),
    ("redshift", 4, re.compile(r"\bDISTKEY\b|\bSORTKEY\b|\bDISTSTYLE\b|\bUNLOAD\s*\(", re.I)),
    ("duckdb", 4, re.compile(r"\bread_(csv|parquet|json)\w*\s*\(|\bEXCLUDE\s*\(", re.I)),
)  # fmt: skip
_PROSE: Final = re.compile(r"--[^\n]*|/\*(?:[^*]|\*(?!/)){0,4000}\*/|'[^'\n]{3,200}'")
"""Comments and longer strings prove nothing."""
_SAMPLE: Final = 20_000  # characters
_MANY: Final = 8


def detect(text: str) -> tuple[str, float]:
    """``(dialect, confidence 0..1)``; ``("", 0.0)`` without evidence, which means sqlglot's superset of dialects."""
    sample = _PROSE.sub(" ", text[:_SAMPLE])
    scores: dict[str, int] = {}
    for dialect, weight, pattern in _EVIDENCE:
        hits = 0
        for hits, _ in enumerate(pattern.finditer(sample), 1):
            if hits >= _MANY:
                break
        if hits:
            scores[dialect] = scores.get(dialect, 0) + weight * min(hits, _MANY)
    if not scores:
        return "", 0.0
    best = max(sorted(scores), key=scores.__getitem__)
    return best, scores[best] / sum(scores.values())
