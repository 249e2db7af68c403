package io.llm2clip.kernels.vector;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Operand;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.matrix.MatrixUnit;
import java.util.List;

/** Binds any {@link KernelOp} to its kernel for the CPU. */
public final class VectorKernels {

    private VectorKernels() {}

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
            case KernelOp.Elementwise o -> ElementwiseKernel.bind(o, bound, workers);
            case KernelOp.Reduce o -> new ReduceKernel(o, bound, workers);
            case KernelOp.Gemm o -> MatrixUnit.selected().gemm(o, bound, workers);
            case KernelOp.Softmax o -> SoftmaxKernels.softmax(o, bound, workers);
            case KernelOp.SoftmaxGradient o -> SoftmaxKernels.gradient(o, bound, workers);
            case KernelOp.LayerNorm o -> NormKernels.layerNorm(o, bound, workers);
            case KernelOp.LayerNormGradient o -> NormGradientKernel.layerNorm(o, bound, workers);
            case KernelOp.RmsNorm o -> NormKernels.rmsNorm(o, bound, workers);
            case KernelOp.RmsNormGradient o -> NormGradientKernel.rmsNorm(o, bound, workers);
            case KernelOp.Attention o -> MatrixUnit.selected().attention(o, bound, workers);
            case KernelOp.AttentionGradient o -> MatrixUnit.selected().attentionGradient(o, bound, workers);
            case KernelOp.Rotary o -> RotaryKernel.bind(o, bound, workers);
            case KernelOp.Gather o -> IndexKernels.gather(o, bound, workers);
            case KernelOp.ScatterAdd o -> IndexKernels.scatterAdd(o, bound, workers);
            case KernelOp.CrossEntropy o -> CrossEntropyKernels.loss(o, bound, workers);
            case KernelOp.CrossEntropyGradient o -> CrossEntropyKernels.gradient(o, bound, workers);
            case KernelOp.SquareSums o -> new SquareSumsKernel(o, bound, workers);
            case KernelOp.Concat o -> ConcatKernel.bind(o, bound, workers);
            case KernelOp.Convert o -> ConvertKernel.bind(o, bound, workers);
            case KernelOp.AdamW o -> AdamWKernel.bind(o, bound, workers);
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
