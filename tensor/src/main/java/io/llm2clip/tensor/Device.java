package io.llm2clip.tensor;

import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.util.List;

/**
 * Where programs run: memory for their values, and kernels over it.
 *
 * <p>Programs that name no device run on the {@link #standard} one, which is the CPU unless {@link #makeStandard} said otherwise.
 */
public abstract sealed class Device implements AutoCloseable permits HostDevice, AcceleratorDevice {
    private static final Device CPU = new HostDevice(Workers::shared);
    private static volatile Device standard = CPU;

    /**
     * An operation and what it works on.
     *
     * @param op the operation
     * @param operands in the order of {@link KernelOp#operands()}, of exactly their sizes and types
     */
    public record Application(KernelOp op, List<TensorData> operands) {
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
            }
        }
    }

    /** The CPU: Vector API kernels over a pool of threads. It is never closed. */
    public static Device cpu() {
        return CPU;
    }

    /** Where programs run that name no device. */
    public static Device standard() {
        return standard;
    }

    /** Makes this the {@link #standard} device of the process. */
    public void makeStandard() {
        standard = this;
    }

    /** For people: what it is. */
    public abstract String name();

    /** How it multiplies matrices: programs give other values with another one. */
    public abstract MatmulPrecision precision();

    /** Makes memory and kernels ready for a plan. */
    abstract Executable load(Plan plan);

    /**
     * Binds operations to be run in order, in place, again and again. The operands must outlive the launch, which frees what it
     * took on the device when it is closed.
     */
    public abstract LaunchSequence bind(List<Application> applications);

    /** Frees the device's memory; what variables hold there is brought home first. */
    @Override
    public abstract void close();
}
