package io.llm2clip.tensor;

import java.util.List;
import java.util.Map;

/**
 * Evaluates a graph node by node with the scalar reference kernels: no fusion, no views, no memory plan. Slow and obvious; the
 * second opinion on everything the compiler does.
 */
public final class Interpreter {
    private Interpreter() {}

    /**
     * Values of the outputs, given values of the inputs.
     *
     * @throws TensorException if an input that the outputs need is not fed
     */
    public static List<TensorData> evaluate(List<Tensor> outputs, Map<Tensor, TensorData> feeds) {
        return InstalledEngine.get().interpret(outputs, feeds);
    }
}
