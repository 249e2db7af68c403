package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;

/** A named, stored f32 tensor that may be trained; made by {@link Scope#create}. */
public final class Parameter {
    private final String name;
    private final TensorData data;
    private final Tensor tensor;

    Parameter(String name, TensorData data) {
        this.name = name;
        this.data = data;
        this.tensor = Tensor.variable(name, data);
    }

    /** The full name, unique in its {@link Parameters}. */
    public String name() {
        return name;
    }

    /** The graph's node for it; programs read the elements where they lie, so changes are seen by their next run. */
    public Tensor tensor() {
        return tensor;
    }

    /** The elements, valid until the {@link Parameters} are closed. */
    public TensorData data() {
        return data;
    }

    public Shape shape() {
        return data.shape();
    }

    @Override
    public String toString() {
        return name + " " + shape();
    }
}
