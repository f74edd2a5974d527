"""Writes a language model of half a megabyte that nobody trained: python model.py FILE

A llama of two layers with random weights. It understands nothing, but llama.cpp loads and serves it
as it does any other, grammar and all, which is what the test is about. Two things are arranged in
its last matrix: how likely each token is, by the first number of every hidden state, which is large
and stays so; and which word follows which, so that a string it begins is a sentence and ends.
"""

import sys

import gguf
import numpy as np

SENTENCE = """
the worker wrote its row after another session had taken this seat because no lock was held while
both of them read an empty value from one stale cache
""".split()

WIDTH, HEADS, LAYERS, INNER, WINDOW = 64, 4, 2, 128, 32768
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
END = "<|end|>"
SPACE = "\u2581"


def vocabulary():
    """Each token as text, kind, score, and how likely it is."""
    yield "<unk>", UNKNOWN, 0.0, -5.0
    yield "<s>", CONTROL, 0.0, -5.0
    yield END, CONTROL, 0.0, 1.0
    yield "<|turn|>", CONTROL, 0.0, -5.0
    for byte in range(256):
        yield f"<0x{byte:02X}>", BYTE, 0.0, -5.0
    # Scores decide how text is cut: words win over letters, earlier ones over later ones.
    for place, letter in enumerate([SPACE, "\n", *map(chr, range(33, 127))]):
        likely = 0.5 if letter in '"]}' else -0.9 if letter.isalnum() else -0.3
        yield letter, NORMAL, -1000.0 - place, likely
    for place, word in enumerate(SENTENCE):
        yield SPACE + word, NORMAL, -10.0 - place / 100, 0.0


def following(texts):
    """Pairs of tokens, the second of which follows the first."""
    words = ['"', *(SPACE + word for word in SENTENCE), '"']
    yield from zip(map(texts.index, words), map(texts.index, words[1:]))


def write(path):
    random = np.random.default_rng(11)
    texts, kinds, scores, likely = zip(*vocabulary())

    def weights(rows, columns, scale):
        return (random.standard_normal((rows, columns)) * scale).astype(np.float32)

    out = gguf.GGUFWriter(path, "llama")
    out.add_name("tiny")
    out.add_context_length(WINDOW)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_vocab_size(len(texts))
    out.add_file_type(gguf.LlamaFileType.ALL_F32)
    out.add_tokenizer_model("llama")
    out.add_token_list([text.encode() for text in texts])
    out.add_token_types(list(kinds))
    out.add_token_scores(list(scores))
    out.add_bos_token_id(texts.index("<s>"))
    out.add_eos_token_id(texts.index(END))
    out.add_unk_token_id(0)
    out.add_add_bos_token(True)
    out.add_add_space_prefix(False)
    out.add_chat_template(
        "{% for message in messages %}<|turn|>{{ message['content'] }}" + END + "{% endfor %}<|turn|>"
    )

    embedding = weights(len(texts), WIDTH, 0.5)
    embedding[:, 0] = 6.0
    output = weights(len(texts), WIDTH, 0.1)
    output[:, 0] = likely
    for first, second in following(texts):
        output[second, 1:] += 1.5 * embedding[first, 1:]
    out.add_tensor("token_embd.weight", embedding)
    out.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    out.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        shapes = {
            "attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
            "attn_output": (WIDTH, WIDTH), "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH),
            "ffn_down": (WIDTH, INNER),
        }
        for norm in ("attn_norm", "ffn_norm"):
            out.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(WIDTH, np.float32))
        for name, (rows, columns) in shapes.items():
            tensor = weights(rows, columns, 0.3 / np.sqrt(columns))
            if name in ("attn_output", "ffn_down"):
                tensor[0, :] = 0  # what is written back leaves the first number alone
            out.add_tensor(f"blk.{layer}.{name}.weight", tensor)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    write(sys.argv[1])
