"""The command's table of verbs."""

import importlib.util

from minik8s.cli import main as cli


def test_every_verb_leads_to_a_module():
    for module in [*cli.COMPONENTS.values(), *(module for module, _ in cli.VERBS.values())]:
        assert importlib.util.find_spec(module), module


def test_an_unknown_verb_is_refused(capsys):
    assert cli.main(["fly"]) == 2
    assert "unknown verb 'fly'" in capsys.readouterr().err


def test_help_names_every_verb(capsys):
    assert cli.main([]) == 0
    printed = capsys.readouterr().out
    assert all(verb in printed for verb in cli.VERBS)
