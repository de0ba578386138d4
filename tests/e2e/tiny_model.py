"""Writes a language model of a few kilobytes: random weights, and a bias towards short words.

    python3 tiny_model.py FILE

Runs in the venv of `requirements-server.txt`. One layer, one token for each byte. What it says
means nothing; that it says printable characters and comes to an end is built into its weights.
"""

import sys

import gguf
import numpy

WIDTH = 32
WINDOW = 65_536
SPECIAL = ["<unk>", "<s>", "</s>"]

#: How much likelier than the rest a character is, as a difference of logits.
LIKELY = {**dict.fromkeys("etaoinshrdlu", 1.5), " ": 2.5, '"': 3.0, "}": 3.0}
END = 2.2
NEVER = -40.0


def main(path):
    """Writes the model to `path`."""
    numbers = numpy.random.default_rng(20261121)
    tokens = [text.encode() for text in SPECIAL] + [f"<0x{byte:02X}>".encode() for byte in range(256)]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([int(kind) for kind in kinds])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_space_prefix(False)

    def random(*shape, size=0.02):
        return numbers.normal(0, size, shape).astype(numpy.float32)

    # The first number of every token is the same and outweighs the others, so that behind the
    # norm it stands for one, and the first column of the output is a bias.
    embedding = random(len(tokens), WIDTH)
    embedding[:, 0] = 1.0
    output = random(len(tokens), WIDTH, size=0.005)
    output[:, 0] = [bias(token) / WIDTH**0.5 for token in range(len(tokens))]
    ones = numpy.ones(WIDTH, numpy.float32)

    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("blk.0.attn_norm.weight", ones)
    writer.add_tensor("blk.0.ffn_norm.weight", ones)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", random(WIDTH, WIDTH))
    writer.add_tensor("blk.0.ffn_gate.weight", random(2 * WIDTH, WIDTH))
    writer.add_tensor("blk.0.ffn_up.weight", random(2 * WIDTH, WIDTH))
    writer.add_tensor("blk.0.ffn_down.weight", random(WIDTH, 2 * WIDTH))

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def bias(token):
    """Returns the logit that a token has whatever came before it."""
    if token == SPECIAL.index("</s>"):
        return END
    character = chr(token - len(SPECIAL)) if token >= len(SPECIAL) else ""
    if not character or not character.isascii() or not character.isprintable():
        return NEVER
    return LIKELY.get(character, 0.0)


if __name__ == "__main__":
    main(sys.argv[1])
