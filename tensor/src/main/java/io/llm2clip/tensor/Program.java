package io.llm2clip.tensor;

import java.util.List;

/**
 * A compiled graph with its memory. Feed the inputs, run, read the outputs; as often as needed.
 *
 * <p>The values' memory is allocated when the program is compiled and returned by {@link #close}. Not safe for use by several
 * threads at once: outputs are overwritten by the next run.
 */
public interface Program extends AutoCloseable {

    /**
     * Compiles what the outputs need, and nothing else.
     *
     * @throws TensorException if the device does not have what the options ask for
     * @throws IllegalStateException if the Java runtime lacks what kernels need
     */
    static Program compile(List<Tensor> outputs, Execution execution) {
        return InstalledEngine.get().compile(outputs, execution);
    }

    /**
     * Copies a value into an input. It stays until fed again.
     *
     * @throws TensorException if the program has no such input or its shape or type differs
     */
    void feed(Tensor input, TensorData value);

    /** Whether the outputs depend on this input, so that it can be fed. */
    boolean needs(Tensor input);

    /** Runs all kernels; returns the outputs, which the next run overwrites. */
    List<TensorData> run();

    /** Memory of every value but the variables, in bytes; known before the first run. */
    long memoryBytes();

    /** Floating-point operations of one run, counted from the kernels' dimensions. */
    long flops();

    /**
     * What the program does, for people: its kernels in order, and for each operand format, shape, layout, place, bytes and which
     * kernels it lives for; before them the totals and the peak.
     */
    String explain();

    /** Frees the values' memory; outputs are gone with it. */
    @Override
    void close();
}
