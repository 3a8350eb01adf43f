"""The `<style>` element: rules for classes, elements and ids, as Illustrator, Affinity and Figma write them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from taureau.svg.refused import Refused, quoted

MAX_RULES = 10_000
_BREAK = re.compile(r"[{};]")
_SELECTOR = re.compile(r"(\*|[A-Za-z][\w-]*)?((?:[.#][\w-]+)*)", re.ASCII)
_STEP = "save it with presentation attributes instead of CSS (in Illustrator: Styling, Presentation Attributes)"


@dataclass(frozen=True)
class _Rule:
    """What a selector asks for, and what it says; `weight` orders rules as CSS does."""

    tag: str
    classes: frozenset[str]
    ids: frozenset[str]
    weight: tuple[int, int, int, int]
    declarations: Mapping[str, str]

    def holds_for(self, tag: str, classes: frozenset[str], identity: str) -> bool:
        """Whether an element is meant."""
        return self.tag in ("", "*", tag) and self.classes <= classes and self.ids <= {identity}


@dataclass
class Stylesheet:
    """The rules of a file, found by a class, an id or a tag that they ask for."""

    _rules: dict[str, list[_Rule]] = field(default_factory=dict)
    _count: int = 0

    def add(self, css: str) -> None:
        """Take over the rules of a `<style>`.

        Raises:
            Refused: a selector that is more than a tag, classes and an id; over 10,000 rules.
        """
        for selectors, block in _rules_of(_without_comments(css)):
            declarations = declarations_of(block)
            for selector in selectors.split(","):
                self._add_rule(selector.strip(), declarations)

    def declarations_for(self, element: Element) -> dict[str, str]:
        """What the rules say of an element, the strongest last."""
        if not self._rules:
            return {}
        tag, identity = element.tag.rpartition("}")[2], element.get("id", "")
        classes = frozenset(element.get("class", "").split())
        keys: Iterable[str] = (*(f".{name}" for name in classes), f"#{identity}", tag, "*")
        found = [rule for key in keys for rule in self._rules.get(key, ()) if rule.holds_for(tag, classes, identity)]
        found.sort(key=lambda rule: rule.weight)
        return {key: value for rule in found for key, value in rule.declarations.items()}

    def _add_rule(self, selector: str, declarations: Mapping[str, str]) -> None:
        if ":" in selector or not selector:  # a state, such as under the mouse, or nothing
            return
        match = _SELECTOR.fullmatch(selector)
        if match is None:
            raise Refused(f"its <style> has a selector that is not read, {quoted(selector)}", _STEP)
        self._count += 1
        if self._count > MAX_RULES:
            raise Refused(f"its <style> has over {MAX_RULES} rules", _STEP)
        tag, rest = match[1] or "", match[2]
        classes = re.findall(r"\.([\w-]+)", rest)
        ids = re.findall(r"#([\w-]+)", rest)
        weight = (len(ids), len(classes), int(tag not in ("", "*")), self._count)
        key = f"#{ids[0]}" if ids else f".{classes[0]}" if classes else tag
        rule = _Rule(tag, frozenset(classes), frozenset(ids), weight, declarations)
        self._rules.setdefault(key, []).append(rule)


def _rules_of(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and blocks. Rules about fonts, imports and media (@) say nothing about a stroke on paper."""
    depth = begin = 0
    selectors = ""
    for match in _BREAK.finditer(css):  # one pass: a stranger's file may be long
        mark, at = match[0], match.start()
        if mark == ";" and depth:
            continue
        if mark == "{":
            if depth == 0:
                selectors, begin = css[begin:at].strip(), at + 1
            depth += 1
            continue
        if mark == "}" and depth == 1 and not selectors.startswith("@"):
            yield selectors, css[begin:at]
        depth = max(0, depth - 1) if mark == "}" else depth
        if depth == 0:
            begin = at + 1


def _without_comments(css: str) -> str:
    first, *others = css.replace("<!--", "").replace("-->", "").split("/*")
    return first + "".join(other.partition("*/")[2] for other in others)


def declarations_of(text: str) -> dict[str, str]:
    """The properties of a CSS block or of a `style` attribute."""
    found = {}
    for declaration in text.split(";"):
        key, colon, value = declaration.partition(":")
        if colon:
            found[key.strip()] = value.replace("!important", "").strip()
    return found
