package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperationException;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.RandomUniform;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.lang.foreign.Arena;
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
     * @throws OperationException if an operation of one's own throws
     */
    public static void run(KernelOp op, MemorySegment[] operands) {
        validate(op, operands);
        switch (op) {
            case Elementwise o -> ElementwiseReference.elementwise(o, operands);
            case Reduce o -> RowReference.reduce(o, new Floats(operands[0]), new Floats(operands[1]));
            case Matmul o -> MatmulReference.matmul(o, operands);
            case SoftmaxOp.Softmax o -> RowReference.softmax(o, operands);
            case SoftmaxOp.SoftmaxGradient o -> RowReference.softmaxGradient(o, floats(operands));
            case NormOp.LayerNorm o -> NormReference.layerNorm(o, operands);
            case NormOp.LayerNormGradient o -> NormReference.layerNormGradient(o, floats(operands));
            case NormOp.RmsNorm o -> NormReference.rmsNorm(o, operands);
            case NormOp.RmsNormGradient o -> NormReference.rmsNormGradient(o, floats(operands));
            case AttentionOp.Attention o -> AttentionReference.attention(o, operands);
            case AttentionOp.AttentionGradient o -> AttentionReference.gradient(o.shape(), operands);
            case Rotary o -> RotaryReference.rotary(o, floats(operands));
            case IndexOp.Gather o -> IndexReference.gather(o, operands);
            case IndexOp.ScatterAdd o -> IndexReference.scatterAdd(o, operands);
            case CrossEntropyOp.CrossEntropy o -> IndexReference.crossEntropy(o, operands);
            case CrossEntropyOp.CrossEntropyGradient o -> IndexReference.crossEntropyGradient(o, operands);
            case SquareSums o -> RowReference.squareSums(o, floats(operands));
            case Concat o -> IndexReference.concat(o, operands);
            case RandomUniform o -> RandomReference.uniform(o, operands);
            case AdamWUpdate o -> AdamWReference.step(o, floats(operands));
            case CustomOp o -> custom(o, operands);
            case PackedRows o -> packed(o, operands);
        }
    }

    private static void validate(KernelOp op, MemorySegment[] operands) {
        String name = op.name();
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

    private static void packed(PackedRows op, MemorySegment[] operands) {
        int result = operands.length - 1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] rows = operands.clone();
            rows[result] = arena.allocate(op.op().operands().getLast().bytes());
            run(op.op(), rows);
            new PanelElements(op.panels(), operands[result]).setAll(rows[result]);
        }
    }

    private static void custom(CustomOp op, MemorySegment[] operands) {
        List<Operand> declared = op.operands();
        MemorySegment[] memory = new MemorySegment[operands.length];
        for (int i = 0; i < operands.length; i++) {
            memory[i] = declared.get(i).within(operands[i]);
        }
        IndexException.require(op, memory);
        OperationException.running(op, "its reference", () -> op.reference(memory));
    }

    private static Floats[] floats(MemorySegment[] operands) {
        Floats[] floats = new Floats[operands.length];
        for (int i = 0; i < operands.length; i++) {
            floats[i] = new Floats(operands[i]);
        }
        return floats;
    }
}
