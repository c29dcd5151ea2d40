"""What the hub sends to browsers is known to the oldest one of the hospitals, Chromium 109."""

from pathlib import Path

import pytest

import hie.web
from tests.chromium.scripts import newer_in_html, newer_in_js
from tests.chromium.styles import newer_in_css

WEB = Path(hie.web.__file__).parent
SHEETS = sorted(WEB.rglob("*.css"))
SCRIPTS = sorted(WEB.rglob("*.js"))
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
OWN = {".side"}  # of the body, beside a slice


@pytest.mark.parametrize("file", SHEETS, ids=lambda file: file.name)
def test_a_stylesheet_has_nothing_newer(file: Path) -> None:
    assert newer_in_css(file.read_text("utf-8")) == set()


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_has_nothing_newer(file: Path) -> None:
    assert newer_in_js(file.read_text("utf-8")) - OWN == set()


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_has_nothing_newer(file: Path) -> None:
    assert newer_in_html(file.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("h1{text-wrap:balance}", "text-wrap"),
        ("h1{white-space-collapse:preserve}", "white-space-collapse"),
        (".a{color:red;.b{color:blue}}", "nesting"),
        (".a{&:hover{color:blue}}", "nesting"),
        ("@media print{.a{.b{top:0}}}", "nesting"),
        ("@starting-style{.a{top:0}}", "@starting-style"),
        ("@scope (.a){.b{top:0}}", "@scope"),
        ("@media (scripting:none){.a{top:0}}", "scripting"),
        ("@media (width>1px) and (prefers-reduced-transparency:reduce){.a{top:0}}",
         "prefers-reduced-transparency"),
        ("input:user-invalid{top:0}", ":user-invalid"),
        (".a::details-content{top:0}", ":details-content"),
        ("li:nth-child(2 of .a){top:0}", ":nth-child(of)"),
        (".a{color:color-mix(in srgb,red,blue)}", "color-mix()"),
        (".a{color:light-dark(red,blue)}", "light-dark()"),
        (".a{color:rgb(from red r g b)}", "a colour from another"),
        (".a{color:AccentColor}", "accentcolor"),
        (".a{width:round(1px,2px)}", "round()"),
        (".a{width:2rcap}", "rcap"),
        (".a{display:grid;grid-template-rows:subgrid}", "grid-template-rows: subgrid"),
        (".a{width:stretch}", "width: stretch"),
        (".a{mask-image:none}", "mask-image"),
        (".a{field-sizing:content}", "field-sizing"),
    ],
)  # fmt: skip
def test_what_is_newer_in_a_stylesheet_is_found(sheet: str, found: str) -> None:
    assert found in newer_in_css(sheet)


@pytest.mark.parametrize(
    "sheet",
    [
        "@media (min-width:1px){.a,.b:not(.c)::before{content:'text-wrap:balance';top:1rem}}",
        "/* .a{.b{top:0}} */@page{size:A4;margin:16mm}",
        ".a{-webkit-mask-image:none;mask-image:none}@media print{.a:has(.b){top:1dvh}}",
        "@font-face{font-family:x;src:url(data:a;b,{)}.a{inset:0;aspect-ratio:1/2;gap:2px}",
        "@keyframes x{from{top:0}to{top:1px}}@supports (top:0){@media print{.a{top:0}}}",
        ".a{--round:1px;background:linear-gradient(red,blue);width:max(1px,calc(2px*3))}",
    ],
)
def test_what_the_oldest_browser_knows_is_left_alone(sheet: str) -> None:
    assert newer_in_css(sheet) == set()


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("a = b.toSorted()", ".toSorted"),
        ("a = b.with(1, 2)", ".with"),
        ("Object.groupBy(a, b)", ".groupBy"),
        ("const { promise } = Promise.withResolvers()", ".withResolvers"),
        ("URL.canParse(a)", "URL.canParse"),
        ("fetch(a, { signal: AbortSignal.any([b]) })", "AbortSignal.any"),
        ("one.showPopover()", ".showPopover"),
        ("document.startViewTransition(a)", ".startViewTransition"),
        ("const a = new Float16Array(2)", "Float16Array"),
        ("addEventListener('scrollend', a)", "event scrollend"),
        ("a.onbeforetoggle = b", "event beforetoggle"),
        ("const a = /[\\p{L}--[a-z]]/v", "regular expression with v"),
        ("a(/(?i:b)c/)", "modifier in a regular expression"),
        ("using a = b()", "using"),
        ("import a from './a.json' with { type: 'json' }", "import with"),
    ],
)
def test_what_is_newer_in_a_script_is_found(script: str, found: str) -> None:
    assert found in newer_in_js(script)


@pytest.mark.parametrize(
    "script",
    [
        "// a.toSorted()\nconst a = [3].findLast(one => one), b = a.at(-1);",
        "/* b.with() */ structuredClone(a); crypto.randomUUID(); a.replaceAll('b', 'c')",
        "const part = a / b / v; const url = 'https://example.org/with';",
        "a?.b ?? c; class A { #b = 1; static { A.c = 2 } }; CSS.escape(a); Promise.any(b)",
    ],
)
def test_what_the_oldest_browser_runs_is_left_alone(script: str) -> None:
    assert newer_in_js(script) == set()


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ('<div popover id="a">', "<div popover>"),
        ('<button popovertarget="a">', "<button popovertarget>"),
        ('<details {% if a %}open{% endif %} name="a">', "<details name>"),
        ("<search>", "<search>"),
        ('<dialog closedby="any">', "<dialog closedby>"),
    ],
)
def test_what_is_newer_in_markup_is_found(markup: str, found: str) -> None:
    assert found in newer_in_html(markup)


def test_what_the_oldest_browser_shows_is_left_alone() -> None:
    markup = '<form name="a"><input name="popover" inert {{ b }}><details open><dialog>'
    assert newer_in_html(markup) == set()
