"""The plots: well-formed, with a bar for each value and a mark for what it has to reach."""

from xml.etree import ElementTree

from tests.bench.drawing import BAR_LINE, COLOURS, Bar, Group, bars

SVG = "{http://www.w3.org/2000/svg}"


def widths(plot: ElementTree.Element, colour: str) -> list[float]:
    found = plot.iter(f"{SVG}rect")
    return [float(one.attrib["width"]) for one in found if one.attrib["fill"] == colour][1:]


def test_a_bar_is_as_long_as_its_value() -> None:
    groups = [Group("create", [Bar(2.0, 1.0, 3.0)]), Group("read", [Bar(4.0, 4.0, 4.0)])]
    short, long = widths(ElementTree.fromstring(bars("Speed", ["one"], groups)), COLOURS[0])
    assert long == 2 * short


def test_what_was_not_measured_has_no_bar() -> None:
    groups = [Group("create", [None, Bar(1.0, 1.0, 1.0)])]
    plot = ElementTree.fromstring(bars("Speed", ["one", "two"], groups))
    assert widths(plot, COLOURS[0]) == []
    assert len(widths(plot, COLOURS[1])) == 1


def test_only_a_value_with_a_bar_to_reach_is_marked() -> None:
    groups = [Group("create", [Bar(1.0, 1.0, 1.0, bar=2.0)]), Group("read", [Bar(1.0, 1.0, 1.0)])]
    plot = ElementTree.fromstring(bars("Speed", ["one"], groups))
    marks = [one for one in plot.iter(f"{SVG}line") if one.attrib["stroke"] == BAR_LINE]
    assert len(marks) == 1 + 1  # the legend has one too


def test_words_cannot_break_the_drawing() -> None:
    plot = ElementTree.fromstring(bars("<a> & b", ["<c>"], [Group("<d>", [None])]))
    assert {"<a> & b", "<c>", "<d>"} <= {one.text for one in plot.iter(f"{SVG}text")}
