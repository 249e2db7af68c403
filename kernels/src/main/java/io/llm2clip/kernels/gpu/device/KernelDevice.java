package io.llm2clip.kernels.gpu.device;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.operations.KernelOp;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/**
 * A device with arenas of f32 (and boolean), of i32, and of bf16 elements, which store the operands of operations. Arenas are
 * numbered in the order in which they were asked for; their elements are not initialized.
 *
 * <p>Runs and transfers are complete when the methods return. Not for several threads at a time.
 */
public interface KernelDevice extends AutoCloseable {

    /** For people: what it is. */
    String name();

    /** Precisions of matmuls. */
    Set<MatmulPrecision> precisions();

    /** In which the second operand of a matmul and the table of a gather are best stored: weights are loaded so. */
    Set<DType> matrixFormats();

    /** Whether an operation is a matmul whose operands are converted to {@link MatmulPrecision#factors}. */
    boolean rounds(KernelOp op, MatmulPrecision precision);

    /**
     * What executes an operation here: launches of kernels, or calls of the device's library.
     *
     * @param precision of its multiplications
     * @param operands for each operand its address
     * @param rounded for each operand whether it is stored as {@link MatmulPrecision#factors} already; may end early
     * @param scratch gives memory that the steps may overwrite
     * @throws DeviceException if the device does not multiply in that precision
     * @throws IllegalArgumentException if devices have no kernel for the operation
     */
    List<DeviceStep> steps(
            KernelOp op,
            MatmulPrecision precision,
            List<DeviceAddress> operands,
            boolean[] rounded,
            OperationScratch scratch);

    /**
     * Runs an operation once, by kernels without scratch memory.
     *
     * @param operands for each operand its address
     */
    void run(KernelOp op, List<DeviceAddress> operands);

    /**
     * Binds steps to be executed in order, again and again, with less work on the host than one by one.
     *
     * @throws DeviceException if a kernel does not compile there
     */
    LaunchSequence record(List<DeviceStep> steps);

    /**
     * Copies a segment's bytes into an arena.
     *
     * @param target where to, in an arena of the type
     * @throws IndexOutOfBoundsException if the segment does not fit there
     */
    void upload(DType dtype, DeviceAddress target, MemorySegment source);

    /**
     * Fills a segment with bytes from an arena.
     *
     * @param source where from, in an arena of the type
     * @throws IndexOutOfBoundsException if the arena has not as many elements there
     */
    void download(DType dtype, DeviceAddress source, MemorySegment target);

    /** Frees what it has; what was recorded on it cannot be run any more. */
    @Override
    void close();
}
