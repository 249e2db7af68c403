package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code y = x W^T + b}, with parameters {@code weight [out, in]} and {@code bias [out]}, and any number of {@link Lora low-rank updates}. */
public final class Linear {
    /**
     * Up to this size a low-rank update is added to the weight before the product: one more product for the weight's gradient
     * then costs less than the passes over all activations that the update's thin products take.
     */
    private static final int SMALL_WEIGHT = 512 * 512;

    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final List<Lora> updates = new ArrayList<>();

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
        if (!updates.isEmpty()
                && updates.stream().noneMatch(Lora::drops)
                && weight.shape().size() <= SMALL_WEIGHT
                && weight.data().dtype() == DType.F32) {
            y = x.matmulTransposed(updated(weight.tensor()));
        } else {
            y = x.matmulTransposed(weight.tensor());
            for (Lora update : updates) {
                y = y.add(update.apply(x));
            }
        }
        return bias == null ? y : y.add(bias.tensor());
    }

    /** Adds a low-rank update to all later applications, besides those that there are. */
    public void attach(Lora update) {
        update.requireFits(weight);
        updates.add(update);
    }

    /** The attached low-rank updates. */
    public List<Lora> updates() {
        return List.copyOf(updates);
    }

    /**
     * Adds the low-rank updates to the weight and detaches them; nothing happens without one.
     *
     * <p>A weight that may be trained is changed in place. A frozen one is replaced by a sum in f32, whatever its format was: rounded to
     * bf16, most of an update would be lost. Programs that read the old weight refuse to run from then on.
     */
    public void merge() {
        if (!updates.isEmpty()) {
            Tensor base = Tensor.variable(weight.name(), weight.expanded());
            weight.replace(updated(base).evaluate());
            updates.clear();
        }
    }

    private Tensor updated(Tensor base) {
        Tensor sum = base;
        for (Lora update : updates) {
            sum = sum.add(update.delta());
        }
        return sum;
    }

    /** Weight and, if there is one, bias. */
    public List<Parameter> parameters() {
        return bias == null ? List.of(weight) : List.of(weight, bias);
    }

    public Parameter weight() {
        return weight;
    }

    public @Nullable Parameter bias() {
        return bias;
    }
}
