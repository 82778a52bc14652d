"""The small pieces of markup that stand on a page a hundred times; a macro of a template would take ten times as long.

Templates have them without importing them:

    icon(name, size=16)         a line drawing in the text's colour, hidden from screen readers: words beside it say it
    avatar(name, large=false)   a circle with initials; `You` is who is looking
    when(at, style='ago')       a time, worded by the browser: 'ago' or 'exact'; nothing for none
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from service.web import words
from service.web.rendering import face, moment

#: name -> the path that is drawn in a square of 16
DRAWINGS = {
    "alert": "M8 2.2 14.5 13.5h-13zM8 6.5v3M8 11.6v.1",
    "archive": "M2 3h12v3H2zM3 6v7h10V6M6.5 8.8h3",
    "arrow-left": "M13 8H3M7 4 3 8l4 4",
    "arrow-up": "M8 13V3M4 7l4-4 4 4",
    "arrow-right": "M3 8h10M9 4l4 4-4 4",
    "bell": "M4 7a4 4 0 0 1 8 0c0 3.5 1.5 4.5 1.5 4.5h-11S4 10.5 4 7M6.7 13.8a1.5 1.5 0 0 0 2.6 0",
    "board": "M2.5 3h3v10h-3zM6.5 3h3v6h-3zM10.5 3h3v8h-3z",
    "book": "M3 3h4a1 1 0 0 1 1 1v9.2a1.4 1.4 0 0 0-1.2-.7H3zM13 3H9a1 1 0 0 0-1 1v9.2a1.4 1.4 0 0 1 1.2-.7H13z",
    "calendar": "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2.2v3M10.5 2.2v3",
    "chart": "M2.5 13.5h11M4.5 11V8M8 11V4M11.5 11V6",
    "check": "m3 8.5 3.2 3.2L13 4.8",
    "chevron": "m6 3.5 4.5 4.5L6 12.5",
    "circle": "M8 2.7a5.3 5.3 0 1 0 0 10.6A5.3 5.3 0 0 0 8 2.7",
    "clock": "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M8 5v3.2l2 1.4",
    "close": "m4 4 8 8M12 4l-8 8",
    "copy": "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
    "database": "M3 4c0-2.3 10-2.3 10 0s-10 2.3-10 0v8c0 2.3 10 2.3 10 0V4M3 8c0 2.3 10 2.3 10 0",
    "decision": "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.5 3v10",
    "dot": "M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
    "down": "M8 2.5v8M4.5 7 8 10.5 11.5 7M3 13.5h10",
    "edit": "m3 13 .6-2.8 7.3-7.3a1.3 1.3 0 0 1 1.9 0l.3.3a1.3 1.3 0 0 1 0 1.9l-7.3 7.3z",
    "file": "M4 2h5l3 3v9H4zM9 2v3h3",
    "fit": "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
    "flow": "M2 6h4v4H2zM10 2.5h4v4h-4zM10 9.5h4v4h-4zM6 8h2M10 4.5H8v7h2",
    "folder": "M2 4a1 1 0 0 1 1-1h3l1.5 1.7H13a1 1 0 0 1 1 1V12a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1z",
    "form": "M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h2.5",
    "help": (
        "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M6.2 6.3c.2-2.2 3.6-2 3.6.1 0 1.4-1.8 1.4-1.8 2.8M8 11.3v.1"
    ),
    "inbox": "M2 9.5h3.2l1 1.8h3.6l1-1.8H14M2 9.5 4 3.5h8l2 6v3.2H2z",
    "info": "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M8 7.3v3.4M8 5.2v.1",
    "keyboard": "M1.7 4h12.6v8H1.7zM4.2 6.6h.1M6.7 6.6h.1M9.2 6.6h.1M11.7 6.6h.1M5 9.4h6",
    "lock": "M3.5 7.2h9v6h-9zM5.5 7.2V5a2.5 2.5 0 0 1 5 0v2.2",
    "mail": "M2 3.8h12v8.5H2zM2 4.5l6 4.3 6-4.3",
    "menu": "M2.5 4.2h11M2.5 8h11M2.5 11.8h11",
    "minus": "M3.5 8h9",
    "move": "M2.5 5h9M8.5 2l3 3-3 3M13.5 11h-9M7.5 8l-3 3 3 3",
    "moon": "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8",
    "more": (
        "M3 8a.6.6 0 1 0 1.2 0A.6.6 0 1 0 3 8M7.4 8a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0"
        "M11.8 8a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0"
    ),
    "note": "M2.5 3h11v8h-6L4.5 13.5V11h-2z",
    "now": "M8 2.7a5.3 5.3 0 1 0 0 10.6A5.3 5.3 0 0 0 8 2.7M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
    "plus": "M8 3.5v9M3.5 8h9",
    "search": "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4l3.4 3.4",
    "shield": "M8 2 13 4v4c0 3.2-2.2 5-5 6-2.8-1-5-2.8-5-6V4z",
    "sign-out": "M9.5 3H3.5v10h6M7 8h7M11.5 5.3 14.2 8l-2.7 2.7",
    "star": "m8 2.2 1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4-2.9-2.8 4-.6z",
    "stop": "M4.2 4.2h7.6v7.6H4.2z",
    "sun": (
        "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3"
        "M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9"
    ),
    "system": "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
    "undo": "M3 6.5h6.5a3.2 3.2 0 0 1 0 6.5H6M6 3.5l-3 3 3 3",
    "user": "M8 2.6a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4M2.8 13.6c.5-2.9 2.6-4 5.2-4s4.7 1.1 5.2 4",
    "users": (
        "M6 3a2.4 2.4 0 1 0 0 4.8A2.4 2.4 0 0 0 6 3M1.5 13c.4-2.6 2.2-3.6 4.5-3.6s4.1 1 4.5 3.6"
        "M10.3 3.2a2.3 2.3 0 0 1 0 4.4M12 9.7c1.5.4 2.3 1.6 2.5 3.3"
    ),
}

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_ICON = Markup(
    '<svg width="{size}" height="{size}" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4"'
    ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{path}"/></svg>'
)
_AVATAR = Markup('<span class="avatar t{tint}{large}" aria-hidden="true">{letters}</span>')
_TIME = Markup('<time datetime="{iso}" data-time="{style}" title="{said}">{said}</time>')


def init_app(app: Flask) -> None:
    """Give them to the templates."""
    app.jinja_env.globals.update(drawings=DRAWINGS, icon=icon, avatar=avatar, when=when)


@lru_cache(maxsize=1024)
def icon(name: str, size: int = 16) -> Markup:
    return _ICON.format(size=size, path=DRAWINGS[name])


def avatar(name: str, large: bool = False) -> Markup:
    return _avatar(face(name), large)


@lru_cache(maxsize=1024)
def _avatar(name: str, large: bool) -> Markup:
    first, last = (_ALPHABET.find((name or " ")[place].lower()) for place in (0, -1))
    tint = (first * 3 + last + len(name)) % 6
    return _AVATAR.format(tint=tint, large=" large" if large else "", letters=words.initials(name))


def when(at: datetime | None, style: str = "ago") -> Markup:
    return _TIME.format(iso=at.isoformat(), style=style, said=moment(at)) if at else Markup()
