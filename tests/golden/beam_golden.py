#!/usr/bin/env python3
"""Beam searches by transformers' generate, for tests/test_generate.c.

usage: python3 beam_golden.py > beam.tsv     (transformers 5.24.0, torch 2.15)

The model is a table of logits by the two last tokens and their place, all multiples of 1/1024 from a
31-bit linear congruential generator, as tests/test_generate.c makes it. One line a sequence: the
search's arguments, the prompt and the sequence among its best, score, ids.
"""
import itertools

import torch
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

PLACES = 12


def table(seed, V):
    x, numbers = seed, []
    for _ in range(PLACES * V * V * V):
        x = (x * 1103515245 + 12345) & 0x7fffffff
        numbers.append(((x >> 8) % 4096) / 1024)
    return torch.tensor(numbers).reshape(PLACES, V, V, V)


class Config(PretrainedConfig):
    model_type = "table"


class Table(PreTrainedModel, GenerationMixin):
    config_class = Config

    def __init__(self, config, logits):
        super().__init__(config)
        self.logits = logits
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def prepare_inputs_for_generation(self, input_ids, **kwargs):
        return {"input_ids": input_ids}

    def forward(self, input_ids, **kwargs):
        T = input_ids.shape[1]
        input_ids = input_ids.clamp(max=self.logits.shape[1] - 1)  # padding of rows that have ended
        y = self.logits[T - 1, input_ids[:, -2], input_ids[:, -1]]
        return CausalLMOutput(logits=y[:, None].expand(-1, T, -1))


def main():
    print("# seed V prompts max_tokens end beams sequences penalty early_stop: prompt place score ids")
    searches = itertools.product((5, 7), (1, 3), (1, 4, 9), (-1, 0), (2, 3, 5), (-0.5, 0.0, 1.0, 2.0),
                                 (0, 1))
    for seed, (V, P, M, end, beams, penalty, early) in enumerate(searches, 1):
        config = Config(vocab_size=V, is_encoder_decoder=False)
        model = Table(config, table(seed, V)).eval()
        prompts = torch.tensor([[p % V, (p + seed) % V] for p in range(P)])
        n = min(beams, 3)
        out = model.generate(prompts, generation_config=GenerationConfig(
            max_new_tokens=M, num_beams=beams, num_return_sequences=n, length_penalty=penalty,
            early_stopping=True if early else "never", do_sample=False, use_cache=False,
            eos_token_id=None if end < 0 else end, pad_token_id=V, output_scores=True,
            return_dict_in_generate=True))
        for i, (ids, score) in enumerate(zip(out.sequences, out.sequences_scores)):
            written = [str(int(t)) for t in ids[2:] if t != V]
            print(seed, V, P, M, end, beams, n, penalty, early, i // n, i % n, repr(float(score)),
                  " ".join(written), sep="\t")


if __name__ == "__main__":
    main()
