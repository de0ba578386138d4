"""What the agent calls the models, and where that leads."""

import json
import time

from script import answer
import sandbox as place


def the_agent_takes_ids_of_routes_and_shows_the_models_names(sandbox):
    sandbox.serve(lambda request, number: answer("Yes."))
    run = sandbox.prompt("Are you there?")
    assert run.succeeded(), run.result
    init = next(event for event in run.events if event.get("subtype") == "init")
    assert init["model"] == "mcr/default", init["model"]
    answered = {event["message"]["model"] for event in run.events if event.get("type") == "assistant"}
    assert answered == {place.MAIN}, f"the transcript names {answered}"


def every_name_of_a_model_leads_where_the_readme_says(sandbox):
    sandbox.serve(lambda request, number: answer("Yes."))
    names = {
        "haiku": (place.SMALL, "small model mcr/background"),
        "sonnet": (place.MAIN, "default"),
        "claude-haiku-4-5": (place.SMALL, "small model claude-haiku-4-5"),
        "claude-sonnet-5": (place.MAIN, "default"),
        "mcr/background": (place.SMALL, "small model mcr/background"),
        place.SMALL: (place.SMALL, f"explicit model {place.SMALL}"),
        f"mistral,{place.SMALL}": (place.SMALL, f"explicit model mistral,{place.SMALL}"),
        f"mistral/{place.SMALL}": (place.SMALL, f"explicit model mistral/{place.SMALL}"),
    }
    for name, (model, reason) in names.items():
        number = len(sandbox.upstream.exchanges)
        run = sandbox.prompt("Are you there?", "--model", name)
        assert run.succeeded(), f"{name}: {run.result}"
        asked = {exchange.request["model"] for exchange in sandbox.upstream.exchanges[number:]}
        assert asked == {model}, f"{name} went to {asked}"
        lines = [line for line in sandbox.logs().splitlines() if " request request=" in line]
        assert f"model={model} " in lines[-1] and _quoted(reason) in lines[-1], f"{name}: {lines[-1]}"


def background_work_stays_with_its_provider_though_the_model_is_the_same(sandbox):
    config = sandbox.serve(lambda request, number: answer("Yes."))
    written = json.loads(config.read_text())
    written["Providers"].append(written["Providers"][0] | {"name": "local", "dialect": "mistral"})
    written["Router"] = {"default": f"mistral,{place.MAIN}", "background": f"local,{place.MAIN}"}
    config.write_text(json.dumps(written))
    for alias, provider in (("haiku", "local"), ("sonnet", "mistral")):
        assert sandbox.prompt("Are you there?", "--model", alias).succeeded()
        lines = [line for line in sandbox.logs().splitlines() if " request request=" in line]
        assert f" provider={provider} " in lines[-1], f"{alias}: {lines[-1]}"


def an_edit_of_the_routes_moves_a_running_session(sandbox):
    config = sandbox.serve(lambda request, number: answer(f"Answer {number}."))
    conversation = sandbox.converse()
    conversation.say("One.")
    conversation.wait_results(1, 60)
    written = json.loads(config.read_text())
    written["Router"]["default"] = f"mistral,{place.SMALL}"
    config.write_text(json.dumps(written))
    deadline = time.monotonic() + 20
    while "configuration reloaded" not in sandbox.logs():
        assert time.monotonic() < deadline, "the edit was not seen"
        time.sleep(0.05)
    conversation.say("Two.")
    conversation.wait_results(2, 60)
    conversation.choose_model(f"mistral,{place.MAIN}")
    conversation.say("Three.")
    results = conversation.wait_results(3, 60)
    run = conversation.close()
    assert run.code == 0 and results[-1]["is_error"] is False, results
    # To choose a model the agent first tries it with a word, and without a stream.
    turns = [exchange.request for exchange in sandbox.upstream.exchanges if exchange.request.get("stream")]
    asked = [turn["model"] for turn in turns]
    assert asked == [place.MAIN, place.SMALL, place.MAIN], asked


def _quoted(reason):
    return f'route="{reason}"' if " " in reason else f"route={reason} "


CLAIMS = [
    the_agent_takes_ids_of_routes_and_shows_the_models_names,
    every_name_of_a_model_leads_where_the_readme_says,
    background_work_stays_with_its_provider_though_the_model_is_the_same,
    an_edit_of_the_routes_moves_a_running_session,
]
