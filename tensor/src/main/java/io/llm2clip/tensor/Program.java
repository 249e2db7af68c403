package io.llm2clip.tensor;

import java.util.List;

/**
 * A compiled graph with its memory. Feed the inputs, run, read the outputs; as often as needed.
 *
 * <p>Inputs and outputs are memory of the program's own, allocated when it is compiled and returned by {@link #close}. What else a run
 * computes lies in a workspace that all programs of a device share; so their runs take turns, and several threads may run programs of
 * their own on one device. A single program is not for several threads at once: outputs are overwritten by its next run.
 */
public interface Program extends AutoCloseable {

    /** Compiles what the outputs need, and nothing else; see {@link #compile(List, List, Execution)}. */
    static Program compile(List<Tensor> outputs, Execution execution) {
        return compile(outputs, List.of(), execution);
    }

    /**
     * Compiles what outputs and updates need, and nothing else.
     *
     * @param outputs what each run returns, computed from variables as they are before it
     * @param updates what each run writes, each variable once
     * @param execution where and how it runs
     * @throws TensorException if the device does not have what the options ask for, or if a variable has two updates or shares memory
     *     with another one that is read or written
     * @throws IllegalStateException if the Java runtime lacks what kernels need
     * @throws EngineMemoryError if there is no memory for its inputs, outputs and values; other programs are as before then
     */
    static Program compile(List<Tensor> outputs, List<Update> updates, Execution execution) {
        Update.requireDistinct(updates);
        return InstalledEngine.get().compile(outputs, updates, execution);
    }

    /**
     * Copies a value into an input. It stays until fed again.
     *
     * @throws TensorException if the program has no such input or its shape or type differs
     */
    void feed(Tensor input, TensorData value);

    /** Whether the outputs depend on this input, so that it can be fed. */
    boolean needs(Tensor input);

    /**
     * Runs all kernels when it is this program's turn; returns the outputs, which its next run overwrites. A run that fails, as by an
     * index out of range, may have made some of its updates.
     *
     * @throws TensorException naming the inputs that were never fed
     * @throws IndexOutOfBoundsException naming the tensor whose element is out of the range of an index
     * @throws ArithmeticException naming the first kernel that yields NaN, where that is {@link ProgramOptions#withNanCheck checked}
     */
    List<TensorData> run();

    /** Memory of every value but the variables; known before the first run. */
    ProgramMemory memory();

    /** Floating-point operations of one run, counted from the kernels' dimensions. */
    long flops();

    /**
     * What the program does, for people: its kernels in order, and for each operand format, shape, layout, place, bytes and which
     * kernels it lives for; before them the totals and the peak, and, where they are {@link ProgramOptions#withKernelTimes measured}, the
     * times of kernels in the runs until now.
     */
    String explain();

    /** Device, size, and the inputs and outputs with their first values. */
    @Override
    String toString();

    /** Frees inputs and outputs, which cannot be read any more; waits for a run that is under way. */
    @Override
    void close();
}
