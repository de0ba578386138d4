"""The claims, in the order in which they run: the cheap ones first."""

from . import compaction, conversation, endings, guide, judge, openai_clients, outages, presets, proof, routes, strangers, tool_calls, token_counts, traffic

ALL = [
    claim
    for module in (judge, openai_clients, token_counts, proof, conversation, routes, traffic, presets, strangers, tool_calls, endings, outages, guide, compaction)
    for claim in module.CLAIMS
]
