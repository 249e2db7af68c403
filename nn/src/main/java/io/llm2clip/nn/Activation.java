package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;
import java.util.function.UnaryOperator;

/** Nonlinearities, under the names of Hugging Face configurations. */
public enum Activation {
    /** {@code x Phi(x)}, by the error function. */
    GELU("gelu", Tensor::gelu),
    /** GELU's tanh approximation. */
    GELU_TANH("gelu_pytorch_tanh", Tensor::geluTanh),
    /** {@code x sigmoid(1.702 x)}, of OpenAI's CLIP. */
    QUICK_GELU("quick_gelu", Tensor::quickGelu),
    /** {@code x sigmoid(x)}. */
    SILU("silu", Tensor::silu);

    private final String hiddenAct;
    private final UnaryOperator<Tensor> function;

    Activation(String hiddenAct, UnaryOperator<Tensor> function) {
        this.hiddenAct = hiddenAct;
        this.function = function;
    }

    public Tensor apply(Tensor x) {
        return function.apply(x);
    }

    /** What a configuration calls it as {@code hidden_act}. */
    public String hiddenAct() {
        return hiddenAct;
    }

    /** The activation that a configuration calls {@code hidden_act}. */
    public static Activation parse(String name) {
        return switch (name) {
            case "gelu" -> GELU;
            case "gelu_pytorch_tanh", "gelu_new" -> GELU_TANH;
            case "quick_gelu" -> QUICK_GELU;
            case "silu" -> SILU;
            default ->
                throw new IllegalArgumentException("Unknown activation '" + name
                        + "'; expected gelu, gelu_pytorch_tanh, gelu_new, quick_gelu or silu.");
        };
    }
}
