package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;

/** A plan on a device: memory for its pinned values, a share of the workspace, and its kernels bound to both. */
public interface Executable extends AutoCloseable {

    /** The elements of an input, to be written before a run. */
    TensorData input(Plan.Slot.Pinned slot, Shape shape, DType dtype);

    /** The elements of an output, which each run overwrites. */
    TensorData output(Plan.Slot.Pinned slot, Shape shape, DType dtype);

    /** Has all runs looked at from now on. */
    void observe(StepObserver observer);

    /** Runs all kernels. */
    void run();

    @Override
    void close();
}
