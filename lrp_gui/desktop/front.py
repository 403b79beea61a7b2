"""Bringing a window to the front when its user asked for it elsewhere: in a menu, or by a double click on a file."""

from __future__ import annotations

import ctypes
import logging
import os
import re
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_log = logging.getLogger(__name__)


def bring_to_front(window: QWidget, token: str = "") -> None:
    """Show a window above all others, with the focus.

    Parameters
    ----------
    window : QWidget
        The window; it may be minimized or on another workspace.
    token : str
        What the desktop gave to the start that asks for it: Wayland's activation token, or X11's startup id.
    """
    platform = QGuiApplication.platformName()
    if token and platform == "wayland":
        os.environ["XDG_ACTIVATION_TOKEN"] = token  # Qt reads it there, and forgets it
    if window.isMinimized():
        window.setWindowState(window.windowState() & ~window.windowState().WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    if platform == "xcb":
        _tell_x11(int(window.winId()), token)


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent, with room for the rest of XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 24),
    )


CLIENT_MESSAGE, FROM_PAGER = 33, 2
SUBSTRUCTURE = (1 << 19) | (1 << 20)  # SubstructureNotifyMask | SubstructureRedirectMask
PROPERTY_CHANGE = 1 << 22


def _tell_x11(window: int, token: str) -> None:
    """Ask the window manager on the user's behalf, and end the desktop's busy cursor.

    Qt asks with the time of the last click into this window, which is older than the click that started the other
    process, so that window managers which keep windows from stealing the focus would only let the task bar blink.
    """
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError as error:
        _log.warning("The window manager cannot be asked: %s", error)
        return
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = x11.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not display:
        return
    root = ctypes.c_ulong(x11.XDefaultRootWindow(display))

    def atom(name: str) -> int:
        return x11.XInternAtom(display, name.encode(), 0)

    def send(message: _ClientMessage, mask: int) -> None:
        message.type = CLIENT_MESSAGE
        x11.XSendEvent(display, root, 0, ctypes.c_long(mask), ctypes.byref(message))

    when = re.search(r"_TIME(\d+)", token)
    active = _ClientMessage(window=window, message_type=atom("_NET_ACTIVE_WINDOW"), format=32)
    active.data[0], active.data[1] = FROM_PAGER, int(when[1]) & 0xFFFFFFFF if when else 0
    send(active, SUBSTRUCTURE)
    if token:
        text = f'remove: ID="{token}"'.encode() + b"\0"
        for at in range(0, len(text), 20):
            begins = "_BEGIN" if at == 0 else ""
            part = _ClientMessage(window=window, message_type=atom(f"_NET_STARTUP_INFO{begins}"), format=8)
            ctypes.memmove(part.data, text[at : at + 20].ljust(20, b"\0"), 20)
            send(part, PROPERTY_CHANGE)
    x11.XFlush(display)
    x11.XCloseDisplay(display)
