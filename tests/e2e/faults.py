"""What may be wrong with a page as it stands: for eyes, hands, screen readers, paper and any width."""

from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS: Final = (320, 390, 768, 1440, 2560)
PAPER: Final = {"width": 673, "height": 1000}  # A4 between margins of 16 mm, at 96 to the inch
# WCAG 2.0 to 2.2, A and AA, and what axe calls best practice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {
    "runOnly": {"type": "tag", "values": _RULES},
    "resultTypes": ["violations"],
    "preload": False,
    "iframes": False,
}
_BUT_COLOURS = {"color-contrast": {"enabled": False}}  # half of the time axe takes
# How far a page is wider than its window, and what lies outside of it or of a box of its own that
# is to be scrolled: of such words the end would be looked for.
_TOO_WIDE = """(what) => {
  const outside = [...document.querySelectorAll(what)].filter((one) => {
    const box = one.getBoundingClientRect(), around = one.closest(".scroll");
    const right = around ? around.getBoundingClientRect().right : window.innerWidth;
    return box.width > 0 && (box.right > right + 1 || box.left < 0);
  });
  return [document.documentElement.scrollWidth - window.innerWidth, outside.map((one) => one.outerHTML)];
}"""
# On paper nothing is scrolled and nothing pressed.
_ON_PAPER = """() => {
  const faults = [];
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || style.visibility === "hidden") { continue; }
    if (one.matches(".top, .top *, .noprint, button")) { faults.push("is printed"); }
    else if (one.matches("select, input, textarea")) { continue; } // these scroll what is in them
    else if (style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1) { faults.push("is cut off to the right"); }
    else if (style.overflowY !== "visible" && one.scrollHeight > one.clientHeight + 1) { faults.push("is cut off below"); }
    else { continue; }
    faults[faults.length - 1] += ": " + one.outerHTML.slice(0, 160);
  }
  if (document.documentElement.scrollWidth > window.innerWidth) { faults.push("wider than the paper"); }
  return faults;
}"""
# Where the reader's own colours replace the page's, a state must not be told by the page's alone.
_IN_OWN_COLOURS = """() => {
  const faults = [], paper = getComputedStyle(document.body).backgroundColor;
  const clear = "rgba(0, 0, 0, 0)", told = (one, why) => faults.push(why + ": " + one.outerHTML.slice(0, 160));
  for (const one of document.querySelectorAll(".v:not(.nil)")) {
    const icon = getComputedStyle(one, "::before").backgroundColor;
    if (icon === clear || icon === getComputedStyle(one).backgroundColor) { told(one, "no icon"); }
  }
  const chosen = "[aria-current]:not([aria-current=false]), [aria-selected=true], [aria-pressed=true]";
  for (const one of document.querySelectorAll(chosen)) {
    const style = getComputedStyle(one), back = style.backgroundColor;
    const isMarked = (back !== clear && back !== paper) || style.outlineStyle !== "none";
    if (one.getBoundingClientRect().width > 0 && !isMarked) { told(one, "not seen to be chosen"); }
  }
  return faults;
}"""


def faults_of(page: Page, *, colours: bool = True) -> list[str]:
    """Everything below, at once; `colours`: also of those, which are the same in each language."""
    found = [*inaccessible(page, colours=colours), *too_wide(page), *on_paper(page)]
    if colours:
        found += in_own_colours(page)
    return list(dict.fromkeys(found))


def inaccessible(page: Page, *, colours: bool = True) -> list[str]:
    """What axe-core finds wrong."""
    options = _OPTIONS if colours else {**_OPTIONS, "rules": _BUT_COLOURS}
    found: dict[str, Any] = Axe().run(page, options=options).response
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """Pages wider than their window, and verdicts that are cut off, from a phone to a wall."""
    before = page.viewport_size
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        over, outside = page.evaluate(_TOO_WIDE, ".v, h1, .val")
        if over > 0:
            faults.append(f"{over} px to the right of a window of {width}")
        faults += [f"cut off in a window of {width}: {one[:160]}" for one in outside]
    if before is not None:
        page.set_viewport_size(before)
    return faults


def on_paper(page: Page) -> list[str]:
    """What would be missing on a printed page, or is of no use there."""
    before = page.viewport_size
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    faults: list[str] = page.evaluate(_ON_PAPER)
    page.emulate_media(media="screen")
    if before is not None:
        page.set_viewport_size(before)
    return [f"on paper {one}" for one in faults]


def in_own_colours(page: Page) -> list[str]:
    """What cannot be told in a mode of forced colours (CSS Color Adjustment 1, 3)."""
    page.emulate_media(forced_colors="active")
    faults: list[str] = page.evaluate(_IN_OWN_COLOURS)
    page.emulate_media(forced_colors="none")
    return [f"in forced colours {one}" for one in faults]
