"""How a command gets a new password: never as an argument, which other people of the machine could read."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys

from quill.identity.passwords import weakness
from quill.setup_error import SetupError


def options(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--password-stdin", action="store_true", help="read the password from the first line of standard input")
    how.add_argument("--generate-password", action="store_true", help="make one and print it")


def chosen(arguments: argparse.Namespace, *about: str) -> str:
    """The new password. ``about``: the person's names, which it may not be made of. Raises ``SetupError`` when it is weak."""
    if arguments.generate_password:
        made = "-".join(secrets.token_hex(3) for _ in range(4))
        print(f"Password: {made}")
        return made
    if arguments.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass("New password: ")
        if getpass.getpass("Again: ") != password:
            raise SetupError("The two are not the same.")
    weak = weakness(password, *about)
    if weak:
        raise SetupError(f"This password can't be taken. {weak}")
    return password
