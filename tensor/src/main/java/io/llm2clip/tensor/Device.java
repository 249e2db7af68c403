package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.util.List;
import java.util.Set;

/**
 * Where programs run: memory for their values, and kernels over it.
 */
public interface Device extends AutoCloseable {

    /**
     * An operation and what it works on.
     *
     * @param op the operation
     * @param operands in the order of {@link KernelOp#operands()}, of exactly their sizes and types
     */
    record Application(KernelOp op, List<TensorData> operands) {
        public Application {
            operands = List.copyOf(operands);
            List<Operand> expected = op.operands();
            String name = op.getClass().getSimpleName();
            if (operands.size() != expected.size()) {
                throw new TensorException(name + " takes " + expected.size() + " operands, found " + operands.size()
                        + "; pass them in the order of operands().");
            }
            for (int i = 0; i < operands.size(); i++) {
                TensorData data = operands.get(i);
                Operand operand = expected.get(i);
                if (data.dtype() != operand.dtype() || data.shape().size() != operand.elements()) {
                    throw new TensorException(name + ": operand '" + operand.name() + "' takes " + operand.elements()
                            + " elements of " + operand.dtype() + ", found " + data.dtype() + " " + data.shape() + ".");
                }
                if (operand.access() != Operand.Access.READ && data.isFrozen()) {
                    throw new TensorException(name + " writes operand '" + operand.name()
                            + "': expected elements that may change, found frozen " + data.dtype() + " " + data.shape()
                            + "; pass a copy.");
                }
            }
        }
    }

    /** The CPU: Vector API kernels over a pool of threads. It is never closed. */
    static Device cpu() {
        return InstalledEngine.get().cpu();
    }

    /**
     * Opens a device that TornadoVM reaches.
     *
     * @param number as TornadoVM numbers them
     * @param memoryBytes how much of its memory to use for f32 elements
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

    /** Three quarters of the memory of a device that TornadoVM reaches; without CUDA not more than one arena takes, 8 GiB. */
    static long usableBytes(int number) {
        return InstalledEngine.get().usableBytes(number);
    }

    /** For people: what it is. */
    String name();

    /** The formats that the second operand of a matmul and the table of a gather may have here. */
    Set<DType> matrixFormats();

    /**
     * Binds operations to be run in order, in place, again and again. The operands must outlive the launch, which frees what it
     * took on the device when it is closed.
     */
    LaunchSequence bind(List<Application> applications);

    /** Frees the device's memory; what variables hold there is brought home first. */
    @Override
    void close();
}
