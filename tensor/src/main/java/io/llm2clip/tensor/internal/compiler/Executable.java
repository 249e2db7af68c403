package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;

/** A plan on a device: memory for its values, and its kernels bound to it. */
public interface Executable extends AutoCloseable {

    /** The elements of an input, to be written before a run. */
    TensorData input(Plan.Slot slot, Shape shape, DType dtype);

    /** The elements of an output, which each run overwrites. */
    TensorData output(Plan.Slot slot, Shape shape, DType dtype);

    /** Runs all kernels. */
    void run();

    @Override
    void close();
}
