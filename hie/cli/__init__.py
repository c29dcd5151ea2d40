"""The command line: one list of commands; only the one that was called is loaded.

Loading the whole hub for `hie --help` would cost a second. The list below therefore holds each
command's one line of help, and `main` imports the module of the named command alone.
"""

import importlib
import sys
from collections.abc import Callable, Sequence

import typer

# name -> (module, one line of help); a module has either `app` (a group) or `command`
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("hie.cli.demo", "Run a hub with synthetic data on this machine."),
    "serve": ("hie.cli.serve", "Run the hub: the web process and its message worker."),
    "worker": ("hie.cli.worker", "Run one more message worker (PostgreSQL)."),
    "receive": ("hie.cli.receive", "Take files or folders of messages in."),
    "order-check": ("hie.cli.order_check", "Ask whether earlier results may stand in for orders."),
    "decide": ("hie.cli.decide", "Record the clinician's decisions from a JSON file."),
    "work": ("hie.cli.work", "Reopened decisions that wait: list, close."),
    "indicators": ("hie.cli.indicators", "Recognition, repeats and savings of a period."),
    "decision": ("hie.cli.decision", "A recorded decision: show it, its record, its notice."),
    "message": ("hie.cli.message", "Messages: list, show, replay, drop."),
    "map": ("hie.cli.map", "Local codes: list, suggest, review, import, export."),
    "site": ("hie.cli.site", "Sending systems: add, list, enable, disable, check a profile."),
    "adapter": ("hie.cli.adapter", "For who connects a system: send over MLLP, listen."),
    "register": ("hie.cli.register", "Registers: institutions, qualifications, precision, marks."),
    "identity": ("hie.cli.identity", "Identity work list: list, join, undo."),
    "client": ("hie.cli.client", "Client systems: add, change, list, approve, suspend, token."),
    "provider": ("hie.cli.provider", "Identity providers people sign in with: add, list, suspend."),
    "app": ("hie.cli.app", "Apps that act for people (SMART App Launch): add, list."),
    "relation": ("hie.cli.relation", "Who treats a patient: show, reviews, close."),
    "agreement": ("hie.cli.agreement", "What an institution has agreed on: set, list, drop."),
    "key": ("hie.cli.key", "The hub's signing keys: list, rotate, replace in an emergency."),
    "user": ("hie.cli.user", "People who sign in: add, list, password, suspend."),
    "label": ("hie.cli.label", "Labels: how sensitive resources are: ls, raise, lower, backfill."),
    "consent": ("hie.cli.consent", "Consents: list, record a signed form, withdraw, rules."),
    "glass": ("hie.cli.glass", "Broken glass: list, review, restore a right, report."),
    "rulebook": ("hie.cli.rulebook", "Rules: check, show, explain an assessment, try a change."),
    "datakey": ("hie.cli.datakey", "Keys the database is sealed with: list, rotate, reencrypt."),
    "reindex": ("hie.cli.reindex", "Compute again what resources are found by."),
    "migrate": ("hie.cli.migrate", "Bring the database to this version's tables."),
    "doctor": ("hie.cli.doctor", "Look for what is wrong with this installation."),
    "integrity": ("hie.cli.integrity", "Look for what was altered in the database."),
    "synthetic": ("hie.cli.synthetic", "Write the files of a synthetic region."),
}


def root(chosen: str | None) -> typer.Typer:
    """The command tree with only `chosen` loaded; the others are names with their help."""
    tree = typer.Typer(
        name="hie",
        help="Exchange hub for mutual recognition of test results (检查检验结果互认).",
        no_args_is_help=True,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    tree.callback()(_root)
    for name, (module, text) in COMMANDS.items():
        if name != chosen:
            tree.command(name, help=text)(_placeholder)
            continue
        loaded = importlib.import_module(module)
        if hasattr(loaded, "app"):
            tree.add_typer(loaded.app, name=name, help=text, no_args_is_help=True)
        else:
            command: Callable[..., None] = loaded.command
            tree.command(name, help=text)(command)
    return tree


def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from hie import __version__

        typer.echo(__version__)
        raise typer.Exit


def _placeholder() -> None:
    """Stands for a command that was not called."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run `hie` with these arguments (default: the process's own)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    root(chosen)(args=arguments, prog_name="hie")
