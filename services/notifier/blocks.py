"""From the words of a letter to its blocks: paragraphs, headings and lists, with bold runs.

The notation is small enough for a school office; `letters/README.md` teaches it:

    # A heading
    A paragraph, which may run over several lines, with **bold** words.
    - an entry of a list
      a new line in the same entry (two spaces in front)
    1. an entry of a numbered list
    Label :: a line of particulars

An empty line ends a block. Only the words of the template can make structure. What was filled in
stands in the text as a numbered mark and takes its place when the blocks are already made, so a
name that begins with "# " or "- " is a name that begins with "# " or "- ".
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

MARK_OPENS: Final = "\ue000"
MARK_CLOSES: Final = "\ue001"
NUMBERED: Final = re.compile(r"[0-9]{1,2}\. +(.*)")
PIECES: Final = re.compile(rf"(\*\*)|{MARK_OPENS}([0-9]+){MARK_CLOSES}")
LABEL: Final = " :: "


class Run(msgspec.Struct, frozen=True):
    """Words in one weight. A line end in it is a new line of the same block."""

    text: str
    bold: bool = False


Runs = tuple[Run, ...]


class Heading(msgspec.Struct, frozen=True, tag="heading", tag_field="block"):
    runs: Runs


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph", tag_field="block"):
    runs: Runs


class Bullets(msgspec.Struct, frozen=True, tag="bullets", tag_field="block"):
    items: tuple[Runs, ...]


class Numbered(msgspec.Struct, frozen=True, tag="numbered", tag_field="block"):
    items: tuple[Runs, ...]


class Particular(msgspec.Struct, frozen=True):
    label: Runs
    runs: Runs


class Particulars(msgspec.Struct, frozen=True, tag="particulars", tag_field="block"):
    """Lines of label and value, e.g. where and when something was seen."""

    items: tuple[Particular, ...]


Block = Heading | Paragraph | Bullets | Numbered | Particulars


def mark(number: int) -> str:
    """Return the mark that stands for the value with this number until the blocks are made."""
    return f"{MARK_OPENS}{number}{MARK_CLOSES}"


def blocks_from(text: str, values: Sequence[str]) -> tuple[Block, ...]:
    """Return the blocks of the marked text, with the values in their places."""
    return tuple(block for kind, lines in _grouped(text) if (block := _block(kind, lines, values)))


def _grouped(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield runs of lines that make one block, each with the sort of block."""
    kind, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        found, words = _sort(line, kind)
        if found == "more":
            lines[-1] += f"\n{words}"
        elif found == kind and kind != "heading":
            lines.append(words)
        else:
            if lines:
                yield kind, lines
            kind, lines = found, [words] if found else []


def _sort(line: str, before: str) -> tuple[str, str]:
    words = line.strip()
    if not words:
        return "", ""
    if line.startswith("  ") and before in {"bullets", "numbered", "particulars"}:
        return "more", words
    if words.startswith("# "):
        return "heading", words[2:].strip()
    if words.startswith("- "):
        return "bullets", words[2:].strip()
    if numbered := NUMBERED.fullmatch(words):
        return "numbered", numbered[1]
    if LABEL in words:
        return "particulars", words
    return "paragraph", words


def _block(kind: str, lines: list[str], values: Sequence[str]) -> Block | None:
    match kind:
        case "heading":
            return Heading(_runs(lines[0], values))
        case "bullets":
            return Bullets(tuple(_runs(line, values) for line in lines))
        case "numbered":
            return Numbered(tuple(_runs(line, values) for line in lines))
        case "particulars":
            return Particulars(tuple(_particular(line, values) for line in lines))
        case "paragraph":
            return Paragraph(_runs(" ".join(lines), values))
    return None


def _particular(line: str, values: Sequence[str]) -> Particular:
    label, _, words = line.partition(LABEL)
    return Particular(_runs(label.strip(), values), _runs(words.strip(), values))


def _runs(line: str, values: Sequence[str]) -> Runs:
    """Return the words between the double asterisks as bold runs. An odd one out stays as it is."""
    runs: list[Run] = []
    bold, at = False, 0
    stars = line.count("**") // 2 * 2
    for piece in PIECES.finditer(line):
        if piece[1] and not stars:
            continue
        _add(runs, line[at : piece.start()], bold)
        at = piece.end()
        if piece[1]:
            bold, stars = not bold, stars - 1
        else:
            _add(runs, values[int(piece[2])], bold)
    _add(runs, line[at:], bold)
    return tuple(runs)


def _add(runs: list[Run], text: str, bold: bool) -> None:
    if runs and runs[-1].bold == bold:
        runs[-1] = Run(runs[-1].text + text, bold)
    elif text:
        runs.append(Run(text, bold))


def as_text(blocks: Sequence[Block]) -> str:
    """Return the blocks as plain text for an e-mail, one empty line between blocks."""
    return "\n\n".join(_block_text(block) for block in blocks)


def _block_text(block: Block) -> str:
    match block:
        case Heading(runs) | Paragraph(runs):
            return _flat(runs)
        case Bullets(items):
            return "\n".join(f"- {_flat(runs, '  ')}" for runs in items)
        case Numbered(items):
            return "\n".join(f"{n}. {_flat(runs, '   ')}" for n, runs in enumerate(items, 1))
        case Particulars(items):
            return "\n".join(f"{_flat(item.label)}: {_flat(item.runs, '  ')}" for item in items)


def _flat(runs: Runs, indent: str = "") -> str:
    return "".join(run.text for run in runs).replace("\n", f"\n{indent}")


def words_of(blocks: Sequence[Block]) -> Iterator[str]:
    """Yield every run of words in the blocks."""
    for block in blocks:
        match block:
            case Heading(runs) | Paragraph(runs):
                yield from (run.text for run in runs)
            case Bullets(items) | Numbered(items):
                yield from (run.text for runs in items for run in runs)
            case Particulars(items):
                for item in items:
                    yield from (run.text for run in (*item.label, *item.runs))
