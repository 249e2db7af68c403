package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code y = x W^T + b}, with parameters {@code weight [out, in]} and {@code bias [out]}, and an optional {@link Lora}. */
public final class Linear {
    /**
     * Up to this size a low-rank update is added to the weight before the product: one more product for the weight's gradient
     * then costs less than the passes over all activations that the update's thin products take.
     */
    private static final int SMALL_WEIGHT = 512 * 512;

    private final Parameter weight;
    private final @Nullable Parameter bias;
    private @Nullable Lora lora;

    private Linear(Parameter weight, @Nullable Parameter bias) {
        this.weight = weight;
        this.bias = bias;
    }

    /** A layer whose bias, if any, starts at zero. */
    public static Linear create(Scope scope, int in, int out, boolean bias, Initializer weightInit) {
        return create(scope, in, out, bias, weightInit, Initializer.zeros());
    }

    /** A layer that starts like PyTorch's: weight and bias uniform over {@code +-1/sqrt(in)}. */
    public static Linear create(Scope scope, int in, int out, boolean bias) {
        return create(scope, in, out, bias, Initializer.fanInUniform(), Initializer.uniform(1 / Math.sqrt(in)));
    }

    /** A layer with given initial values of weight and bias. */
    public static Linear create(
            Scope scope, int in, int out, boolean bias, Initializer weightInit, Initializer biasInit) {
        Parameter weight = scope.matrix("weight", Shape.of(out, in), weightInit);
        return new Linear(weight, bias ? scope.create("bias", Shape.of(out), biasInit) : null);
    }

    /** {@code [..., in]} of two or more dimensions to {@code [..., out]}. */
    public Tensor apply(Tensor x) {
        Tensor y;
        if (lora == null) {
            y = x.matmulTransposed(weight.tensor());
        } else if (weight.shape().size() <= SMALL_WEIGHT && weight.data().dtype() == DType.F32) {
            y = x.matmulTransposed(weight.tensor().add(lora.delta()));
        } else {
            y = x.matmulTransposed(weight.tensor()).add(lora.apply(x));
        }
        return bias == null ? y : y.add(bias.tensor());
    }

    /** Adds a low-rank update to all later applications. */
    public void attach(Lora update) {
        if (lora != null) {
            throw new IllegalStateException(
                    weight.name() + " has a low-rank update already; merge() it before attaching another.");
        }
        update.requireFits(weight);
        lora = update;
    }

    /**
     * Adds the low-rank update to the weight and detaches it; nothing happens without one.
     *
     * <p>A weight that may be trained is changed in place. A frozen one is replaced by a sum in f32, whatever its format was: rounded to
     * bf16, most of an update would be lost. Programs that read the old weight refuse to run from then on.
     */
    public void merge() {
        if (lora != null) {
            Tensor base = Tensor.variable(weight.name(), weight.expanded());
            weight.replace(base.add(lora.delta()).evaluate());
            lora = null;
        }
    }

    public Parameter weight() {
        return weight;
    }

    public @Nullable Parameter bias() {
        return bias;
    }
}
