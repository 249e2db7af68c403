package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import java.util.Optional;
import java.util.Set;

/**
 * Where programs run: memory for their values, and kernels over it.
 */
public interface Device extends AutoCloseable {

    /** The CPU: Vector API kernels over a pool of threads. It is never closed. */
    static Device cpu() {
        return InstalledEngine.get().cpu();
    }

    /**
     * Opens a device that TornadoVM reaches.
     *
     * @param number as TornadoVM numbers them
     * @param memoryBytes how much of its memory to use: half of it is for weights in formats of 16 bits and less, or two fifths where a
     *     library multiplies such
     * @throws io.llm2clip.kernels.gpu.device.DeviceException if there is no such device or not as much memory
     */
    static Device open(int number, long memoryBytes) {
        return InstalledEngine.get().open(number, memoryBytes);
    }

    /**
     * A device whose kernels are executed on the JVM, with every access, race and barrier checked: to test, without any GPU, what runs
     * on one. Thousands of times slower than {@link #cpu}.
     *
     * @param memoryBytes of the host's memory, for f32 elements
     */
    static Device emulated(long memoryBytes) {
        return InstalledEngine.get().emulated(memoryBytes);
    }

    /** Three quarters of the memory of a device that TornadoVM reaches; without CUDA not more than two arenas take, 16 GiB. */
    static long usableBytes(int number) {
        return InstalledEngine.get().usableBytes(number);
    }

    /** For people: what it is. */
    String name();

    /** The formats that the second operand of a matmul and the table of a gather may have here. */
    Set<DType> matrixFormats();

    /**
     * The layout in which a weight of a linear layer that never changes is best kept here, instead of its rows.
     *
     * @param format of its elements
     * @param n its rows, numbers that the layer makes
     * @param k its columns, numbers that the layer reads
     * @return nothing if by rows
     */
    default Optional<WeightLayout> layout(DType format, int n, int k) {
        return Optional.empty();
    }

    /** Frees the device's memory; what variables hold there is brought home first. */
    @Override
    void close();
}
