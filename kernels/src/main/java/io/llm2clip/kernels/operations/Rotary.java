package io.llm2clip.kernels.operations;

import java.util.List;

/**
 * Rotary position embedding of {@code [batch, positions, heads, headSize]} by the angles whose cosines and sines are given
 * as {@code [positions, headSize / 2]}.
 *
 * @param interleaved pair i is (2i, 2i+1), as EVA02; otherwise (i, i + headSize/2), as Llama in the Hugging Face layout
 * @param inverse rotate backwards: the gradient of the forward rotation
 */
public record Rotary(int batch, int positions, int heads, int headSize, boolean interleaved, boolean inverse)
        implements KernelOp {
    public Rotary {
        Checks.require(headSize % 2 == 0, "Rotary: even head size", headSize);
    }

    /** Rows of all heads. */
    public int rows() {
        return Math.multiplyExact(batch, positions);
    }

    /** Elements of a row. */
    public int columns() {
        return Math.multiplyExact(heads, headSize);
    }

    @Override
    public List<Operand> operands() {
        long size = (long) rows() * columns();
        long angles = (long) positions * headSize / 2;
        return List.of(Operand.in("x", size), Operand.in("cos", angles), Operand.in("sin", angles), Operand.out(size));
    }

    @Override
    public long flops() {
        return 3L * rows() * columns();
    }
}
