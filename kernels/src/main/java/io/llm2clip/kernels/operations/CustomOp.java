package io.llm2clip.kernels.operations;

import java.lang.foreign.MemorySegment;

/**
 * An operation of one's own, which enters graphs, plans and devices as any other. A record implements this interface and, of those that
 * extend it, whatever it has:
 *
 * <ul>
 *   <li>{@code kernels.cpu.CpuOp}: a kernel for the CPU. Without one, the CPU runs {@link #reference}, on one thread.
 *   <li>{@code kernels.gpu.launch.DeviceOp}: kernels for devices. Without them, programs with the operation run on the CPU only.
 *   <li>{@code tensor.DifferentiableOp}: its gradient. Without it, gradients stop at the operation, by an exception.
 * </ul>
 *
 * <p>It is a function of its operands alone: equal operations on equal inputs are computed once. Records are equal by their
 * components; other classes are equal to themselves only, unless they say otherwise. What it has, operands above all, never changes.
 *
 * <p>{@link #operands} are inputs first, then either results, each of which is written completely, or what it updates in place; an
 * operation that updates is used by {@code tensor.Update.Kernel}. Results overlap nothing. Indices within {@link Operand.Bounds} are checked before a
 * kernel gets them, wherever it runs.
 *
 * <p>What its methods throw is thrown on, in an {@link OperationException} that names the operation.
 */
public non-sealed interface CustomOp extends KernelOp {

    /**
     * Computes the operation, slowly and obviously: the definition that kernels are tested against.
     *
     * @param operands memory in the order of {@link #operands}, of exactly their bytes; what is only read cannot be written
     */
    void reference(MemorySegment... operands);
}
