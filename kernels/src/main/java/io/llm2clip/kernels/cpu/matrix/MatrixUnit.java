package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What multiplies matrices on this machine, alone and within an attention. Providers know nothing of each other; who uses them chooses
 * one by what it supports and by its self-test.
 */
public interface MatrixUnit {

    /** Name, as the system property {@code llm2clip.matrix} and reports use it. */
    String name();

    /** In what it multiplies. */
    default MatrixPrecision precision() {
        return MatrixPrecision.F32;
    }

    /** Whether an instruction multiplies whole tiles, by far more at a time than vectors. */
    default boolean tiles() {
        return false;
    }

    /** What the unit is for; which operations of a kind it computes {@link #supports} says. */
    default Set<MatrixWork> work() {
        return EnumSet.allOf(MatrixWork.class);
    }

    /** Whether the unit computes an operation, in its formats and layouts, on this machine. */
    boolean supports(KernelOp op);

    /**
     * The layout in which the unit would rather read B.
     *
     * @return null if as it is stored
     */
    @Nullable
    Packing packing(Matmul op);

    /** Whether a layout is the unit's, so that it packs and reads it. */
    boolean packs(Packing packing);

    /**
     * The layout in which the unit would rather read A, where whoever computes A can write it so.
     *
     * @return null if as it is stored
     */
    default @Nullable RowPanels panels(Matmul op) {
        return null;
    }

    /**
     * The same of a B that is stored by rows of k, where whoever computes it writes it as an A.
     *
     * @return null if as it is stored
     */
    default @Nullable RowPanels panelsOfB(Matmul op) {
        return null;
    }

    /** Whether the unit writes and reads a layout of A. */
    default boolean packs(RowPanels panels) {
        return false;
    }

    /**
     * Writes a matrix in a layout that the unit {@link #packs(RowPanels)}.
     *
     * @param address of the packed matrix, of {@link RowPanels#bytes}
     */
    default RowPacker packer(RowPanels panels, long address) {
        throw new IllegalArgumentException("The matrix unit " + name() + " does not pack " + panels + ".");
    }

    /**
     * Whether a matmul by a B that is stored by rows takes hardly longer than by a packed one, so that packing it does not pay for a matmul that
     * may run once only.
     */
    default boolean readsRows(Matmul op) {
        return false;
    }

    /**
     * Packs a B, once for any number of matmuls. Rows are read about in their order, each once.
     *
     * @param packing a layout that {@link #packing} asked for
     * @param b how the matrix is stored
     * @param from the stored matrix, off-heap
     * @param to {@link Packing#bytes} bytes, off-heap
     * @param workers the threads that pack
     */
    void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers);

    /** Whether a layout of the unit's loses nothing, so that {@link #unpack} gives back what was packed. */
    default boolean unpacks(Packing packing) {
        return false;
    }

    /**
     * Writes the rows of a packed B, bit by bit as they were stored.
     *
     * @param packing a layout that the unit {@link #unpacks}
     * @param from the packed matrix, off-heap
     * @param to room for {@code [n, k]} in the packing's format, off-heap
     * @param workers the threads that unpack
     */
    default void unpack(Packing packing, MemorySegment from, MemorySegment to, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name() + " does not unpack " + packing + ".");
    }

    /**
     * Binds a matmul to its buffers.
     *
     * @param op the matmul
     * @param addresses one address per operand, in the order of {@link Matmul#operands()}; aligned to the elements
     * @param workers the threads that run it
     */
    Launch matmul(Matmul op, long[] addresses, Workers workers);

    /** Whether the unit can write the result of an operation in a layout that it {@link #packs(RowPanels)}. */
    default boolean writes(KernelOp op, RowPanels panels) {
        return false;
    }

    /** Whether the result of a matmul may be written over an extra operand of its shape and layout, each element of which is read before. */
    default boolean overwrites(Matmul op) {
        return false;
    }

    /**
     * Binds a matmul that writes panels.
     *
     * @param panels a layout in which the unit {@link #writes} its result
     * @param addresses as for the matmul that writes rows
     */
    default Launch matmul(Matmul op, RowPanels panels, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name() + " does not write " + panels + ".");
    }

    /**
     * Binds an attention to its buffers.
     *
     * @param op the attention
     * @param addresses as for {@link #matmul}
     * @param workers the threads that run it
     */
    Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers);

    /**
     * The layout in which the unit would rather read an operand of an attention, where whoever computes it can write it so.
     *
     * @param operand 0 is q, 1 is k, 2 is v
     * @return null if as it is stored
     */
    default @Nullable RowPanels panels(AttentionOp.Attention op, int operand) {
        return null;
    }

    /**
     * Binds an attention that writes panels.
     *
     * @param panels a layout in which the unit {@link #writes} its result
     * @param addresses as for the attention that writes rows
     */
    default Launch attention(AttentionOp.Attention op, RowPanels panels, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name() + " does not write " + panels + ".");
    }

    /**
     * Binds the gradients of an attention to their buffers.
     *
     * @param op the gradients
     * @param addresses as for {@link #matmul}
     * @param workers the threads that run it
     */
    Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers);

    /**
     * Computes something small of a kind whose result is known; once per process, and only of kinds that are needed: where nothing is compiled
     * yet, one takes up to a tenth of a second.
     *
     * @return why the unit must not be used for it here; empty if it may
     */
    default Optional<String> selfTest(MatrixWork work) {
        return SelfTest.run(this, work);
    }
}
