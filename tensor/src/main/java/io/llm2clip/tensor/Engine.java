package io.llm2clip.tensor;

import java.util.List;
import java.util.Map;

/**
 * What stands behind the graph: gradients, the compiler and the devices. This package describes tensors and knows nothing of how they are
 * computed; the one implementation is found by {@link java.util.ServiceLoader}. Users call {@link Program}, {@link Gradients},
 * {@link Interpreter} and {@link Device} instead.
 */
public interface Engine {

    /** See {@link Program#compile(List, List, Execution)}. */
    Program compile(List<Tensor> outputs, List<Update> updates, Execution execution);

    /** See {@link Gradients#of(Tensor, Tensor, List)}. */
    List<Tensor> gradients(Tensor output, Tensor seed, List<Tensor> withRespectTo);

    /** See {@link Interpreter#evaluate}. */
    List<TensorData> interpret(List<Tensor> outputs, Map<Tensor, TensorData> feeds);

    /** See {@link Device#cpu}. */
    Device cpu();

    /** See {@link Device#open(int, long)}. */
    Device open(int number, long memoryBytes);

    /** See {@link Device#emulated}. */
    Device emulated(long memoryBytes);

    /** See {@link Device#usableBytes}. */
    long usableBytes(int number);
}
