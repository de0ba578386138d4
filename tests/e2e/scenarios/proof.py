"""The proof that every installation can run for itself, with the real agent in it."""

import json


def the_offline_proof_holds_with_the_real_agent(sandbox):
    run = sandbox.finish(sandbox.spawn("smoke", "--offline", "--json"))
    report = json.loads(run.stdout)
    assert report["agent"].startswith("Claude Code 2."), report["agent"]
    failed = [check for check in report["checks"] if not check["ok"]]
    assert report["ok"] and run.code == 0 and not failed, f"exit code {run.code}: {failed}"
    assert len(report["checks"]) >= 5, report["checks"]
    (anthropic,) = [check for check in report["checks"] if "Anthropic" in check["name"]]
    assert "the agent, with mcr as its only way out, asked for no other host" in anthropic["detail"], anthropic


CLAIMS = [the_offline_proof_holds_with_the_real_agent]
