"""What the files of the studio's page say, read as texts: keys, ids, imports."""

import json
import re

from tests.helpers.house import ROOT

STATIC = ROOT / "taureau/studio/static"
LANGUAGES = ("en", "zh")


def page() -> str:
    return (STATIC / "index.html").read_text("utf-8")


def scripts() -> dict[str, str]:
    """Every module by its name."""
    return {path.name: path.read_text("utf-8") for path in sorted(STATIC.glob("*.js"))}


def texts(language: str) -> dict[str, str]:
    return json.loads((STATIC / f"texts/{language}.json").read_text("utf-8"))


def forbidden_in_page(html: str) -> list[str]:
    """What the page's policy of content refuses, and addresses of elsewhere."""
    inline = r"<style\b|<script(?![^>]*\bsrc=)[^>]*>|\sstyle\s*=|\son\w+\s*="
    return re.findall(rf"{inline}|(?:src|href)=\"(?:https?:)?//[^\"]*", html)


def forbidden_in_script(script: str) -> list[str]:
    """What would let a text become a part of the page, or would be refused by its policy."""
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write"
    return re.findall(rf"{markup}|\beval\(|new Function|setAttribute\(\"style\"", script)


def keys_used(html: str, modules: dict[str, str], known: set[str]) -> set[str]:
    """The keys of texts that are used; those made at run time are all that begin as the template does."""
    used = set(re.findall(r'data-(?:text|label|alt)="(\w+)"', html))
    for module in modules.values():
        used |= set(re.findall(r'"(\w+)"', module)) & known
        used |= set(re.findall(r'\bt\(\s*"(\w+)"', module))
        for before, after in re.findall(r"`(\w+_|)\$\{[^}]+\}(_\w+|)`", module):
            if not before + after:
                continue
            used |= {key for key in known if key.startswith(before) and key.endswith(after)}
    return used


def ids_used(modules: dict[str, str]) -> set[str]:
    """The ids that modules ask the page for."""
    return {name for module in modules.values() for name in re.findall(r'byId\("([\w-]+)"\)', module)}


def imports_of(module: str) -> list[str]:
    """The modules that a module imports."""
    return re.findall(r'^import .*? from "\./([\w.]+)";', module, re.MULTILINE | re.DOTALL)


def circles(modules: dict[str, str]) -> list[str]:
    """Modules that import themselves by way of others."""
    reached = {name: set(imports_of(module)) for name, module in modules.items()}
    for middle in modules:
        for found in reached.values():
            if middle in found:
                found |= reached[middle]
    return [name for name, found in reached.items() if name in found]
