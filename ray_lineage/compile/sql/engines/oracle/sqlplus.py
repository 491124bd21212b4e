"""What SQL*Plus reads itself, and does not send to the server."""

from __future__ import annotations

import re
from typing import Final

_DIRECTIVE: Final = re.compile(
    r"[ \t]*(?:"
    r"(?:REM|REMARK|PROMPT|PRO)(?:[ \t]|$)|"
    r"(?:WHENEVER|SPOOL|SPO|DEF|DEFINE|UNDEFINE|UNDEF|COL|COLUMN|TTITLE|BTITLE|CLEAR|CL|COMPUTE|ACC|ACCEPT|PAUSE|"
    r"VAR|VARIABLE|PRINT|HOST|CONNECT|CONN|DISCONNECT|DISC|SHOW|SHO|TIMING|ARCHIVE|STARTUP|SHUTDOWN|PASSWORD|STORE)(?:[ \t;]|$)|"
    r"SET[ \t]+(?!CONSTRAINT|ROLE|TRANSACTION)\w+(?:[ \t][^=]*)?$|"
    r"BREAK[ \t]+ON\b|START[ \t]+(?!WITH\b)[\w./&]+|"
    r"(?:EXIT|QUIT)(?:[ \t]+(?!WHEN)\S+)?[ \t]*;?[ \t]*$|"
    r"@|!|\$[ \t])",
    re.IGNORECASE,
)
_EXECUTE: Final = re.compile(r"[ \t]*EXEC(?:UTE)?[ \t]+(?!IMMEDIATE)", re.IGNORECASE)
_DEFINE: Final = re.compile(
    r"[ \t]*DEF(?:INE)?[ \t]+(\w+)[ \t]*=[ \t]*['\"]?([\w.$#]+)['\"]?[ \t]*;?[ \t]*$", re.IGNORECASE
)
_SUBSTITUTED: Final = re.compile(r"&&?(\w+)\.?")
_SLASH: Final = re.compile(r"[ \t]*/[ \t]*$")


_BEFORE_HYPHEN: Final = re.compile(
    r"(?:[,(=|+*/<>]|\b(?:select|from|where|and|or|on|join|by|into|set|values|as|is|in|not|when|then|else|distinct|union|all)\b)"
    r"[ \t]*-$",
    re.IGNORECASE,
)
_AFTER_HYPHEN: Final = re.compile(
    r"(?:[,;)=|<>*/+]|(?:select|from|where|and|or|on|join|left|right|inner|group|order|having|union|into|set|values|as|when|then|"
    r"else|end|using|connect|start)\b)",
    re.IGNORECASE,
)


def _goes_on(line: str, following: list[str]) -> bool:
    """Does a hyphen at the line's end say that the statement goes on, and is no minus? One between two values may be either."""
    line = line.rstrip()
    if line[-1:] != "-" or "--" in line or not following:
        return False
    return _BEFORE_HYPHEN.search(line) is not None or _AFTER_HYPHEN.match(following[0].lstrip()) is not None


def without_sqlplus(text: str) -> str:
    """Directives stand where no statement is open; ``/`` alone on a line ends one; ``&name`` is replaced by its value or
    its name."""
    values: dict[str, str] = {}
    out: list[str] = []
    is_open = in_comment = goes_on = False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if (
            not in_comment
            and (is_open or not _DIRECTIVE.match(line))
            and _goes_on(line, lines[number + 1 : number + 2])
        ):
            line = line.rstrip("\r \t")[:-1] + " "
        bare = line.rstrip("\r")
        plain = bare.strip()
        if goes_on:  # a directive that ends in a hyphen goes on
            goes_on = plain.endswith("-")
            out.append("")
            continue
        if in_comment:
            in_comment = "*/" not in bare
        elif _SLASH.match(bare):
            out.append(";")
            is_open = False
            continue
        elif not is_open and _DIRECTIVE.match(bare):
            found = _DEFINE.match(bare)
            if found:
                values[found.group(1).lower()] = found.group(2)
            goes_on = plain.endswith("-") and len(plain) > 1
            out.append("")
            continue
        elif not is_open and _EXECUTE.match(bare):
            line = bare if plain.endswith((";", "-")) else bare + ";"
        elif plain and not plain.startswith("--"):
            opened = bare.rfind("/*")
            if opened >= 0 and "*/" not in bare[opened:]:
                in_comment = True
                plain = bare[:opened].strip()
            elif plain.startswith("/*") and plain.endswith("*/"):
                plain = ""
            if plain:
                code = plain.split("--", 1)[0].rstrip()
                is_open = not code.endswith(";") if code else is_open
        if "&" in line:
            line = _SUBSTITUTED.sub(lambda m: values.get(m.group(1).lower(), m.group(1)), line)
        out.append(line)
    return "\n".join(out)
