"""A sheet as one HTML file that needs nothing else: no hub, no network."""

from markupsafe import escape

from hie.canonical.record_words import word
from hie.web.assets import STATIC
from hie.web.render import fragment
from hie.web.sheet import Sheet


def sheet_file(sheet: Sheet) -> bytes:
    """The page with its styles inside; no script, no address of anything else."""
    body = fragment("_sheet.html", sheet=sheet, forms=(), w=lambda key: word(key, sheet.lang))
    lang = "zh-CN" if sheet.lang == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(sheet.title)}</title>\n"
        f"<style>{(STATIC / 'hub.css').read_text('utf-8')}</style>\n</head>\n"
        f'<body class="paper">\n<main id="main">{body}</main>\n</body>\n</html>\n'
    ).encode()
