"""The proof that every installation can run for itself, with the real agent in it."""

import json

from . import traffic

#: What shows that somebody talked with the agent.
CONVERSATION = "a conversation at a terminal is answered"


def the_offline_proof_holds_with_the_real_agent(sandbox):
    run = sandbox.finish(sandbox.spawn("smoke", "--offline", "--json"))
    report = json.loads(run.stdout)
    assert report["agent"].startswith("Claude Code 2."), report["agent"]
    failed = [check for check in report["checks"] if not check["ok"]]
    assert report["ok"] and run.code == 0 and not failed, f"exit code {run.code}: {failed}"
    assert len(report["checks"]) >= 5, report["checks"]
    assert CONVERSATION in [check["name"] for check in report["checks"]], report["checks"]
    anthropic = _anthropic(report)["detail"]
    only = "the agent, with mcr as its only way out, asked for no other host, in print mode and at a terminal"
    assert anthropic.endswith(only), anthropic
    assert [(one["mode"], one["blocked"]) for one in report["runs"]] == [("print", {}), ("terminal", {})], report["runs"]


def the_offline_proof_names_what_an_agent_asks_for_that_nobody_told_to_be_quiet(sandbox):
    sandbox.claude = traffic.talkative(sandbox)
    run = sandbox.finish(sandbox.spawn("smoke", "--offline", "--json"))
    report = json.loads(run.stdout)
    assert run.code == 1 and [check["name"] for check in report["checks"] if not check["ok"]] == [
        "nothing went to Anthropic"
    ], report
    assert _anthropic(report)["detail"].startswith("asked for, and blocked: in print mode, "), report
    for one in report["runs"]:
        assert one["blocked"].get(f"{traffic.VENDOR}:443"), one


def _anthropic(report):
    (check,) = [check for check in report["checks"] if "Anthropic" in check["name"]]
    return check


CLAIMS = [
    the_offline_proof_holds_with_the_real_agent,
    the_offline_proof_names_what_an_agent_asks_for_that_nobody_told_to_be_quiet,
]
