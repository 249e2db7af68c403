package io.llm2clip.bench.compare;

/** An engine that does the work, in processes of its own. */
enum Peer {
    LLM2CLIP("llm2clip", ""),
    TORCH("PyTorch", "torch_peer.py"),
    ONNXRUNTIME("ONNX Runtime", "onnxruntime_peer.py"),
    OPENVINO("OpenVINO", "openvino_peer.py"),
    LLAMA_CPP("llama.cpp", "llama_cpp_peer.py");

    private final String title;
    private final String script;

    Peer(String title, String script) {
        this.title = title;
        this.script = script;
    }

    String title() {
        return title;
    }

    /** Its file in {@code bench/compare}; empty for this engine. */
    String script() {
        return script;
    }

    boolean isPython() {
        return !script.isEmpty();
    }

    /** Whether it runs what {@code onnx_export.py} writes. */
    boolean readsOnnx() {
        return this == ONNXRUNTIME || this == OPENVINO;
    }
}
