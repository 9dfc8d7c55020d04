"""``quill audit verify``: walks every organisation's chain and names the first row that does not follow."""

from __future__ import annotations

import argparse

from quill.audit.verify import verify_all
from quill.installation import installation
from quill.settings import Place


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("audit", help="look after the audit trail")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("verify", help="check every organisation's hash chain").set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    with installation(Place.from_environment()) as settings:
        findings = verify_all(settings)
    for finding in findings:
        print(finding)
    return 1 if any(finding.broken for finding in findings) else 0
