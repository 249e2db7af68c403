package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.elementwise.ElementwiseKernel;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.rows.AdamWKernel;
import io.llm2clip.kernels.cpu.rows.ConcatKernel;
import io.llm2clip.kernels.cpu.rows.CrossEntropyRows;
import io.llm2clip.kernels.cpu.rows.IndexRows;
import io.llm2clip.kernels.cpu.rows.NormGradientKernel;
import io.llm2clip.kernels.cpu.rows.NormRows;
import io.llm2clip.kernels.cpu.rows.RandomKernel;
import io.llm2clip.kernels.cpu.rows.ReduceKernel;
import io.llm2clip.kernels.cpu.rows.RotaryKernel;
import io.llm2clip.kernels.cpu.rows.SoftmaxRows;
import io.llm2clip.kernels.cpu.rows.SquareSumsKernel;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RandomUniform;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Binds any {@link KernelOp} to its kernel for the CPU. */
public final class CpuKernels {

    private CpuKernels() {}

    /** Prepares an operation that multiplies in f32; otherwise as {@link #bind(KernelOp, MatrixPrecision, long[], Workers)}. */
    public static Launch bind(KernelOp op, long[] addresses, Workers workers) {
        return bind(op, MatrixPrecision.F32, addresses, workers);
    }

    /**
     * Prepares an operation.
     *
     * @param op the operation
     * @param precision in which it multiplies matrices, or better; one that {@link #matrixUnit(MatrixPrecision)} has a unit for
     * @param addresses one off-heap address per operand, in the order of {@link KernelOp#operands()}, aligned to the element;
     *     the memory must hold the operand's bytes and outlive the launch, which is not checked
     * @param workers the threads to run on
     * @return what runs the operation; it throws an {@link IndexOutOfBoundsException} before it reads or writes through an
     *     index out of its range
     * @throws IllegalArgumentException if the number of addresses does not fit, or an operand with elements has address 0, or as
     *     {@link Settings#check}, or if nothing multiplies in the precision here
     * @throws io.llm2clip.kernels.operations.OperationException if an operation of one's own throws, as the launch then does, too
     */
    public static Launch bind(KernelOp op, MatrixPrecision precision, long[] addresses, Workers workers) {
        Settings.check();
        validate(op, addresses);
        long[] bound = addresses.clone();
        return switch (op) {
            case Elementwise o -> ElementwiseKernel.bind(o, bound, workers);
            case Reduce o -> new ReduceKernel(o, bound, workers);
            case Matmul o -> MatrixUnits.forOperation(op, precision).matmul(o, bound, workers);
            case SoftmaxOp.Softmax o -> SoftmaxRows.softmax(o, bound, workers);
            case SoftmaxOp.SoftmaxGradient o -> SoftmaxRows.gradient(o, bound, workers);
            case NormOp.LayerNorm o -> NormRows.layerNorm(o, bound, workers);
            case NormOp.LayerNormGradient o -> NormGradientKernel.layerNorm(o, bound, workers);
            case NormOp.RmsNorm o -> NormRows.rmsNorm(o, bound, workers);
            case NormOp.RmsNormGradient o -> NormGradientKernel.rmsNorm(o, bound, workers);
            case AttentionOp.Attention o ->
                MatrixUnits.forOperation(op, precision).attention(o, bound, workers);
            case AttentionOp.AttentionGradient o ->
                MatrixUnits.forOperation(op, precision).attentionGradient(o, bound, workers);
            case Rotary o -> RotaryKernel.bind(o, bound, workers);
            case IndexOp.Gather o -> IndexRows.gather(o, bound, workers);
            case IndexOp.ScatterAdd o -> IndexRows.scatterAdd(o, bound, workers);
            case CrossEntropyOp.CrossEntropy o -> CrossEntropyRows.loss(o, bound, workers);
            case CrossEntropyOp.CrossEntropyGradient o -> CrossEntropyRows.gradient(o, bound, workers);
            case SquareSums o -> new SquareSumsKernel(o, bound, workers);
            case Concat o -> ConcatKernel.bind(o, bound, workers);
            case RandomUniform o -> RandomKernel.bind(o, bound, workers);
            case AdamWUpdate o -> AdamWKernel.bind(o, bound, workers);
            case CustomOp o -> CustomKernel.bind(o, bound, workers);
            case PackedRows o -> PackedKernels.bind(o, precision, bound, workers);
        };
    }

    /**
     * What multiplies matrices in f32 here, and why it is that.
     *
     * @throws IllegalArgumentException if the system property {@code llm2clip.matrix} names no unit that works on this machine
     */
    public static MatrixUnitChoice matrixUnit() {
        return MatrixUnitChoice.of(MatrixUnits.selected());
    }

    /**
     * What multiplies matrices in a precision here, and why it is that.
     *
     * @return nothing if {@link #absence} says why
     * @throws IllegalArgumentException as {@link #matrixUnit()}
     */
    public static Optional<MatrixUnitChoice> matrixUnit(MatrixPrecision precision) {
        return MatrixUnits.selected(precision) instanceof MatrixUnits.Choice choice
                ? Optional.of(MatrixUnitChoice.of(choice))
                : Optional.empty();
    }

    /**
     * What computes attention in a precision here: in f32, where nothing does in the precision.
     *
     * @return the name of a matrix unit
     * @throws IllegalArgumentException as {@link #matrixUnit()}
     */
    public static String attentionUnit(MatrixPrecision precision) {
        return MatrixUnits.attention(precision).name();
    }

    /**
     * In what an operation that multiplies matrices is computed here, which is f32 where nothing computes it in a precision.
     *
     * @param precision one that {@link #matrixUnit(MatrixPrecision)} has a unit for
     * @throws IllegalArgumentException if the operation multiplies no matrices, or nothing here multiplies in the precision
     */
    public static MatrixPrecision computedIn(KernelOp op, MatrixPrecision precision) {
        return MatrixUnits.forOperation(op, precision).precision();
    }

    /**
     * Why nothing here multiplies matrices in a precision, as half a sentence.
     *
     * @return nothing if {@link #matrixUnit(MatrixPrecision)} does
     * @throws IllegalArgumentException as {@link #matrixUnit()}
     */
    public static Optional<String> absence(MatrixPrecision precision) {
        return MatrixUnits.selected(precision) instanceof MatrixUnits.Absence(String reason)
                ? Optional.of(reason)
                : Optional.empty();
    }

    /**
     * Chooses what encoders multiply with in f32, for which the first program of a process waits otherwise: a tenth of a second of
     * self-tests.
     *
     * @throws IllegalArgumentException as {@link #matrixUnit()}
     */
    public static void prepare() {
        MatrixUnits.selected(MatrixPrecision.F32, MatrixWork.MATMUL);
        MatrixUnits.selected(MatrixPrecision.F32, MatrixWork.ATTENTION);
    }

    /**
     * Says that weights are being read to be computed with. Of many, which takes a while, the JVM compiles the kernels of encoders meanwhile, in
     * the background, once for each format; of few, code without vectors does the first of the work, once per process. Nobody has to wait, and
     * no result depends on it.
     *
     * @param weights how many
     * @param formats theirs in memory
     */
    public static void expect(long weights, Set<DType> formats) {
        WarmUp.expect(weights, formats);
    }

    /**
     * Looks at all settings, without trying whether what they name works.
     *
     * @throws IllegalArgumentException as {@link Settings#check}, or if {@code llm2clip.matrix} names no unit of this machine
     */
    public static void checkSettings() {
        Settings.check();
        MatrixUnits.checkSetting();
    }

    /**
     * The layout in which B of a matmul is read fastest: worth a copy where it never changes.
     *
     * @param precision in which it multiplies
     * @return null if as it is stored
     * @throws IllegalArgumentException if nothing multiplies in the precision here
     */
    public static @Nullable Packing packing(Matmul op, MatrixPrecision precision) {
        return MatrixUnits.forOperation(op, precision).packing(op);
    }

    /**
     * The layout in which A of a matmul is read fastest, where whoever computes it can write it so.
     *
     * @param precision in which it multiplies
     * @return null if as it is stored
     * @throws IllegalArgumentException if nothing multiplies in the precision here
     */
    public static @Nullable RowPanels panels(Matmul op, MatrixPrecision precision) {
        return MatrixUnits.forOperation(op, precision).panels(op);
    }

    /**
     * The layout in which an operand of an attention is read fastest, where whoever computes it can write it so.
     *
     * @param operand 0 is q, 1 is k, 2 is v
     * @param precision in which it multiplies
     * @return null if as it is stored
     * @throws IllegalArgumentException if nothing multiplies in the precision here
     */
    public static @Nullable RowPanels panels(AttentionOp.Attention op, int operand, MatrixPrecision precision) {
        return MatrixUnits.forOperation(op, precision).panels(op, operand);
    }

    /**
     * The layout of A in which B of a matmul is read as fast, where whoever computes it writes it so for other matmuls.
     *
     * @param precision in which it multiplies
     * @return null if as it is stored
     * @throws IllegalArgumentException if nothing multiplies in the precision here
     */
    public static @Nullable RowPanels panelsOfB(Matmul op, MatrixPrecision precision) {
        return MatrixUnits.forOperation(op, precision).panelsOfB(op);
    }

    /**
     * Whether a matmul by B as it is stored takes hardly longer than by a packed one, so that packing it does not pay for a matmul that may run
     * once only. It gives the same bits.
     *
     * @param packing the layout that B would be packed to
     * @param op the matmul by B as it is stored
     */
    public static boolean readsRows(Packing packing, Matmul op) {
        return MatrixUnits.ofLayout(packing).readsRows(op);
    }

    /**
     * Packs a B for {@link MatrixOperand#packed}. Rows are read about in their order, each once, so that the pages of a mapped file
     * can be let go afterwards.
     *
     * @param packing what {@link #packing} said
     * @param b how the matrix is stored
     * @param from the stored matrix, off-heap
     * @param to {@link Packing#bytes} bytes, off-heap
     * @param workers the threads that pack
     * @throws IllegalArgumentException if layout, operand and memory do not fit each other
     */
    public static void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        MatrixUnits.ofLayout(packing).pack(packing, b, from, to, workers);
    }

    /**
     * The layout in which a weight that never changes is best kept, instead of its rows: one in which it is multiplied and which loses
     * nothing, for any number of rows of A.
     *
     * @param n rows of the stored weight, columns of B
     * @return null if by rows
     */
    public static @Nullable Packing storage(DType format, int n, int k) {
        Matmul op = Matmul.dense(1, 1, n, k, false, true, format);
        MatrixUnit unit = MatrixUnits.forOperation(op, MatrixPrecision.F32);
        Packing packing = unit.packing(op);
        return packing != null && unit.unpacks(packing) ? packing : null;
    }

    /**
     * Writes the rows of a packed weight.
     *
     * @param packing what {@link #storage} said
     * @param from the packed weight, off-heap
     * @param to room for {@code [n, k]} in its format, off-heap
     * @throws IllegalArgumentException if layout and memory do not fit each other
     */
    public static void unpack(Packing packing, MemorySegment from, MemorySegment to, Workers workers) {
        MatrixUnits.ofLayout(packing).unpack(packing, from, to, workers);
    }

    private static void validate(KernelOp op, long[] addresses) {
        String name = op.name();
        List<Operand> operands = op.operands();
        if (addresses.length != operands.size()) {
            throw new IllegalArgumentException(name + " takes " + operands.size() + " operands, found "
                    + addresses.length + " addresses; pass them in the order of operands().");
        }
        for (int i = 0; i < addresses.length; i++) {
            if (addresses[i] == 0 && operands.get(i).elements() > 0) {
                throw new IllegalArgumentException(name + " has no memory for operand '"
                        + operands.get(i).name() + "'; pass an off-heap address.");
            }
        }
    }
}
