package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Operand;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Runs any {@link KernelOp} slowly and obviously; the definition that faster kernels are tested against. */
public final class Reference {

    private Reference() {}

    /**
     * Runs an operation once.
     *
     * @param op the operation
     * @param operands buffers in the order of {@link KernelOp#operands()}, each of at least the operand's bytes
     * @throws IllegalArgumentException if the number of buffers or a buffer's size does not fit
     * @throws IndexOutOfBoundsException if an index operand holds a value outside its range
     */
    public static void run(KernelOp op, MemorySegment[] operands) {
        validate(op, operands);
        switch (op) {
            case KernelOp.Elementwise o -> ElementwiseReference.elementwise(o, operands);
            case KernelOp.Convert o -> ElementwiseReference.convert(o, operands[0], operands[1]);
            case KernelOp.Reduce o -> RowReference.reduce(o, new Floats(operands[0]), new Floats(operands[1]));
            case KernelOp.Gemm o -> GemmReference.gemm(o, floats(operands));
            case KernelOp.Softmax o -> RowReference.softmax(o, floats(operands));
            case KernelOp.SoftmaxGradient o -> RowReference.softmaxGradient(o, floats(operands));
            case KernelOp.LayerNorm o -> NormReference.layerNorm(o, floats(operands));
            case KernelOp.LayerNormGradient o -> NormReference.layerNormGradient(o, floats(operands));
            case KernelOp.RmsNorm o -> NormReference.rmsNorm(o, floats(operands));
            case KernelOp.RmsNormGradient o -> NormReference.rmsNormGradient(o, floats(operands));
            case KernelOp.Attention o -> AttentionReference.attention(o.shape(), operands);
            case KernelOp.AttentionGradient o -> AttentionReference.gradient(o.shape(), operands);
            case KernelOp.Rotary o -> RotaryReference.rotary(o, floats(operands));
            case KernelOp.Gather o -> IndexReference.gather(o, operands);
            case KernelOp.ScatterAdd o -> IndexReference.scatterAdd(o, operands);
            case KernelOp.CrossEntropy o -> IndexReference.crossEntropy(o, operands);
            case KernelOp.CrossEntropyGradient o -> IndexReference.crossEntropyGradient(o, operands);
            case KernelOp.SquareSums o -> RowReference.squareSums(o, floats(operands));
            case KernelOp.Concat o -> IndexReference.concat(o, operands);
            case KernelOp.AdamW o -> AdamWReference.step(o, floats(operands));
        }
    }

    private static void validate(KernelOp op, MemorySegment[] operands) {
        String name = op.getClass().getSimpleName();
        List<Operand> expected = op.operands();
        if (operands.length != expected.size()) {
            throw new IllegalArgumentException(name + " takes " + expected.size() + " operands, found "
                    + operands.length + "; pass them in the order of operands().");
        }
        for (int i = 0; i < operands.length; i++) {
            Operand operand = expected.get(i);
            if (operands[i].byteSize() < operand.bytes()) {
                throw new IllegalArgumentException(
                        name + " needs " + operand.bytes() + " bytes for operand '" + operand.name()
                                + "', found " + operands[i].byteSize() + "; pass a buffer of at least "
                                + operand.elements() + " "
                                + operand.dtype() + " elements.");
            }
        }
    }

    private static Floats[] floats(MemorySegment[] operands) {
        Floats[] floats = new Floats[operands.length];
        for (int i = 0; i < operands.length; i++) {
            floats[i] = new Floats(operands[i]);
        }
        return floats;
    }
}
