"""llama.cpp on the CPU, of GGUF files that gguf_export.py wrote: mean vectors of captions of one length, attention sees everything."""
import ctypes

import numpy as np
from inputs import inputs
from protocol import Absent, serve, threads

try:
    import llama_cpp
except (ImportError, OSError, RuntimeError) as e:
    llama_cpp, missing = None, str(e).partition("\n")[0]
else:
    # Its log is of no use here.
    quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()


class Captions:
    def __init__(self, file, ids):
        self.rows, self.tokens = ids.shape
        count = ids.size
        self.model = llama_cpp.llama_model_load_from_file(file.encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise ValueError(f"llama.cpp does not read {file}")
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = self.rows * max(256, self.tokens)
        settings.n_batch = settings.n_ubatch = count
        settings.n_seq_max = self.rows
        settings.n_threads = settings.n_threads_batch = threads()
        settings.embeddings = True
        settings.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_MEAN
        settings.attention_type = llama_cpp.LLAMA_ATTENTION_TYPE_NON_CAUSAL
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        if not self.context:
            raise ValueError("llama.cpp makes no context")
        self.batch = llama_cpp.llama_batch_init(count, 0, 1)
        self.batch.n_tokens = count
        for i, token in enumerate(ids.reshape(-1)):
            self.batch.token[i] = int(token)
            self.batch.pos[i] = i % self.tokens
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = i // self.tokens
            self.batch.logits[i] = True
        self.width = llama_cpp.llama_model_n_embd(self.model)

    def __call__(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        code = llama_cpp.llama_decode(self.context, self.batch)
        if code != 0:
            raise ValueError(f"llama_decode gave {code}")
        rows = [llama_cpp.llama_get_embeddings_seq(self.context, row) for row in range(self.rows)]
        return np.stack([np.ctypeslib.as_array(row, (self.width,)) for row in rows])


def prepare(request):
    if llama_cpp is None:
        raise Absent(f"llama-cpp-python is not installed ({missing})")
    return Captions(request["gguf"], inputs(request)[0])


serve(prepare)
