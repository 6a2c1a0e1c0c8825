"""The schemas of bodies as they are really read: control characters are in no text.

A body is refused for them before any field is looked at. Here the schemas come to say so too, in
the field's own pattern: whoever goes by the document alone then sends nothing that is refused.
"""

from typing import Any, Final

from incidents.api.strict_json import CONTROLS

_BASE64: Final = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_SPACES: Final = r" \t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
r"""What `\s` stands for, without the controls in it."""
_REST: Final = f"[^{CONTROLS}]*"


def as_read(schema: Any) -> Any:
    """Return a schema, and all that is in it, with the patterns that its texts really have."""
    if isinstance(schema, list):
        return [as_read(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    within = {name: as_read(value) for name, value in schema.items()}
    if schema.get("contentEncoding") == "base64":
        within["pattern"] = _BASE64
    elif schema.get("type") == "string" and "format" not in schema:
        within["pattern"] = without_controls(schema.get("pattern", ""))
    return within


def without_controls(pattern: str) -> str:
    """Return the pattern for what this one lets through and has no control character in it."""
    if not pattern:
        return f"^{_REST}$"
    start = "" if pattern.startswith("^") else f"^{_REST}"
    end = "" if pattern.endswith(("$", r"$(?!\n)")) else f"{_REST}$"
    # Classes only ever begin like this in our patterns; what they let through loses its controls.
    inner = pattern.replace(r"[\s", f"[{_SPACES}").replace("[^", f"[^{CONTROLS}")
    return start + inner + end
