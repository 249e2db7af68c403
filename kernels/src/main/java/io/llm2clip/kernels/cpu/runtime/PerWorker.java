package io.llm2clip.kernels.cpu.runtime;

import java.util.Arrays;
import java.util.function.Supplier;

/** A value for each worker, made when the worker first asks; afterwards a read without locks. */
public final class PerWorker<T> {
    private final Supplier<T> factory;
    private volatile Object[] values = {};

    public PerWorker(Supplier<T> factory) {
        this.factory = factory;
    }

    @SuppressWarnings("unchecked") // only the factory's values are stored
    public T get(int worker) {
        Object[] current = values;
        Object value = worker < current.length ? current[worker] : null;
        return (T) (value != null ? value : make(worker));
    }

    private synchronized Object make(int worker) {
        Object value = factory.get();
        Object[] larger = Arrays.copyOf(values, Math.max(values.length, worker + 1));
        larger[worker] = value;
        values = larger;
        return value;
    }
}
