"""The claims, in the order in which they run: the cheap ones first."""

from . import compaction, conversation, endings, judge, proof, routes, tool_calls, token_counts

ALL = [
    claim
    for module in (judge, token_counts, proof, conversation, routes, tool_calls, endings, compaction)
    for claim in module.CLAIMS
]
