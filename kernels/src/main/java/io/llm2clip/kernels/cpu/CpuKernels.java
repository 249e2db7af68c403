package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.elementwise.ConvertKernel;
import io.llm2clip.kernels.cpu.elementwise.ElementwiseKernel;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.rows.AdamWKernel;
import io.llm2clip.kernels.cpu.rows.ConcatKernel;
import io.llm2clip.kernels.cpu.rows.CrossEntropyRows;
import io.llm2clip.kernels.cpu.rows.IndexRows;
import io.llm2clip.kernels.cpu.rows.NormGradientKernel;
import io.llm2clip.kernels.cpu.rows.NormRows;
import io.llm2clip.kernels.cpu.rows.ReduceKernel;
import io.llm2clip.kernels.cpu.rows.RotaryKernel;
import io.llm2clip.kernels.cpu.rows.SoftmaxRows;
import io.llm2clip.kernels.cpu.rows.SquareSumsKernel;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.Convert;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.util.List;

/** Binds any {@link KernelOp} to its kernel for the CPU. */
public final class CpuKernels {

    private CpuKernels() {}

    /**
     * Prepares an operation.
     *
     * @param op the operation
     * @param addresses one off-heap address an operand, in the order of {@link KernelOp#operands()}, aligned to the element;
     *     the memory must hold the operand's bytes and outlive the launch, which is not checked
     * @param workers the threads to run on
     * @return what runs the operation; it throws an {@link IndexOutOfBoundsException} before it reads or writes through an
     *     index out of its range
     * @throws IllegalArgumentException if the number of addresses does not fit, or an operand with elements has address 0, or as
     *     {@link Settings#check}
     */
    public static Launch bind(KernelOp op, long[] addresses, Workers workers) {
        Settings.check();
        validate(op, addresses);
        long[] bound = addresses.clone();
        return switch (op) {
            case Elementwise o -> ElementwiseKernel.bind(o, bound, workers);
            case Reduce o -> new ReduceKernel(o, bound, workers);
            case Matmul o -> MatrixUnit.selected().matmul(o, bound, workers);
            case SoftmaxOp.Softmax o -> SoftmaxRows.softmax(o, bound, workers);
            case SoftmaxOp.SoftmaxGradient o -> SoftmaxRows.gradient(o, bound, workers);
            case NormOp.LayerNorm o -> NormRows.layerNorm(o, bound, workers);
            case NormOp.LayerNormGradient o -> NormGradientKernel.layerNorm(o, bound, workers);
            case NormOp.RmsNorm o -> NormRows.rmsNorm(o, bound, workers);
            case NormOp.RmsNormGradient o -> NormGradientKernel.rmsNorm(o, bound, workers);
            case AttentionOp.Attention o -> MatrixUnit.selected().attention(o, bound, workers);
            case AttentionOp.AttentionGradient o -> MatrixUnit.selected().attentionGradient(o, bound, workers);
            case Rotary o -> RotaryKernel.bind(o, bound, workers);
            case IndexOp.Gather o -> IndexRows.gather(o, bound, workers);
            case IndexOp.ScatterAdd o -> IndexRows.scatterAdd(o, bound, workers);
            case CrossEntropyOp.CrossEntropy o -> CrossEntropyRows.loss(o, bound, workers);
            case CrossEntropyOp.CrossEntropyGradient o -> CrossEntropyRows.gradient(o, bound, workers);
            case SquareSums o -> new SquareSumsKernel(o, bound, workers);
            case Concat o -> ConcatKernel.bind(o, bound, workers);
            case Convert o -> ConvertKernel.bind(o, bound, workers);
            case AdamWUpdate o -> AdamWKernel.bind(o, bound, workers);
        };
    }

    private static void validate(KernelOp op, long[] addresses) {
        String name = op.getClass().getSimpleName();
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
