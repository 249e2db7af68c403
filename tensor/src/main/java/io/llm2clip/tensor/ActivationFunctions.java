package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.SoftmaxOp;

/** What layers put between linear functions. */
public sealed interface ActivationFunctions permits Tensor {

    /** {@code max(x, 0)}, NaN kept; its gradient at 0 is 0. */
    default Tensor relu() {
        Tensor x = self();
        Tensor zero = Tensor.scalar(0);
        return Tensor.where(x.greater(zero), x, Tensor.where(x.equalTo(x), zero, x));
    }

    /** Exact GELU, {@code x/2 (1 + erf(x / sqrt 2))}. */
    default Tensor gelu() {
        Tensor x = self();
        return x.mul(x.mul((float) Math.sqrt(0.5)).erf().mul(0.5f).add(0.5f));
    }

    /** GELU's tanh approximation, {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}. */
    default Tensor geluTanh() {
        Tensor x = self();
        Tensor inner = x.add(x.square().mul(x).mul(0.044715f)).mul((float) Math.sqrt(2 / Math.PI));
        return x.mul(inner.tanh().mul(0.5f).add(0.5f));
    }

    /** OpenAI CLIP's {@code x sigmoid(1.702 x)}. */
    default Tensor quickGelu() {
        return self().mul(self().mul(1.702f).sigmoid());
    }

    /** {@code x sigmoid(x)}. */
    default Tensor silu() {
        return self().mul(self().sigmoid());
    }

    /** Softmax over the last axis. */
    default Tensor softmax() {
        Tensor x = self();
        return Tensor.kernel(new SoftmaxOp.Softmax(x.rows(), x.columns()), x.shape(), DType.F32, x);
    }

    /** {@code x - logsumexp(x)} over the last axis. */
    default Tensor logSoftmax() {
        Tensor x = self();
        Shape keep = x.shape().with(-1, 1);
        Tensor shifted = x.sub(x.max(-1).stopGradient().reshape(keep));
        return shifted.sub(shifted.exp().sum(-1).log().reshape(keep));
    }

    private Tensor self() {
        return (Tensor) this;
    }
}
