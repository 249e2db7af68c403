"""@Family@ as a text encoder: every token sees every other one of its row, as in LLM2CLIP, where transformers' @Family@Model would
have a token see only itself and earlier ones.

    AutoModel.from_pretrained(DIRECTORY, trust_remote_code=True)
"""

import torch
from transformers import @Family@Config, @Family@Model


class Bidirectional@Family@Config(@Family@Config):
    model_type = "bidirectional_@type@"


class Bidirectional@Family@Model(@Family@Model):
    config_class = Bidirectional@Family@Config

    def __init__(self, config):
        super().__init__(config)
        for layer in self.layers:
            layer.self_attn.is_causal = False

    def forward(self, input_ids=None, attention_mask=None, inputs_embeds=None, **kwargs):
        implementation = self.config._attn_implementation
        if implementation not in ("eager", "sdpa"):
            raise ValueError(f"expected attn_implementation='sdpa' or 'eager', found '{implementation}'")
        if inputs_embeds is None:
            inputs_embeds = self.embed_tokens(input_ids)
        rows, length = inputs_embeds.shape[:2]
        if attention_mask is None:
            attention_mask = torch.ones(rows, length, device=inputs_embeds.device)
        if attention_mask.dim() == 2:
            # What is added to scores: nothing, or for padding the least there is. Masks of four dimensions are used as they are.
            padding = attention_mask[:, None, None, :].to(inputs_embeds.device) == 0
            attention_mask = torch.zeros(rows, 1, length, length, dtype=inputs_embeds.dtype, device=inputs_embeds.device)
            attention_mask = attention_mask.masked_fill(padding, torch.finfo(inputs_embeds.dtype).min)
        kwargs["use_cache"] = False
        return super().forward(attention_mask=attention_mask, inputs_embeds=inputs_embeds, **kwargs)
