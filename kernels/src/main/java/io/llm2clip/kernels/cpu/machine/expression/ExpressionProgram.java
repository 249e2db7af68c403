package io.llm2clip.kernels.cpu.machine.expression;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.operations.Expression;
import java.util.List;

/**
 * Encodes the evaluation of an {@link Expression} over contiguous elements, two vectors at a time, side by side if there are registers for both,
 * and what is left of them by a mask. The argument is the address of an {@link ExpressionCall}.
 */
public final class ExpressionProgram {
    private final Assembler a = new Assembler();
    private final Lanes lanes;
    private final Expression expression;
    private final List<Boolean> scalar;

    /**
     * A program that reads literals from its call.
     *
     * @param expression one that {@link ExpressionAssembly#encodes}, of one vector
     * @param scalar for each input, whether it is one element for all
     */
    public ExpressionProgram(VectorWidth width, Expression expression, List<Boolean> scalar) {
        lanes = width.lanes(a);
        this.expression = expression;
        this.scalar = scalar;
    }

    /** The function's code. */
    public byte[] encode() {
        a.mov(RCX, 0);
        Loops.times(a, RDX, at(RDI, ExpressionCall.PAIRS), this::pair);
        Loops.times(a, RDX, at(RDI, ExpressionCall.SINGLES), () -> vectors(1, false));
        Label done = a.label();
        a.mov(RAX, at(RDI, ExpressionCall.REST));
        a.test(RAX, RAX);
        a.jz(done);
        lanes.mask(RDI, ExpressionCall.MASK);
        vectors(1, true);
        a.bind(done);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private void pair() {
        if (ExpressionAssembly.encodes(expression, lanes.width(), 2)) {
            vectors(2, false);
        } else {
            vectors(1, false);
            vectors(1, false);
        }
    }

    private void vectors(int count, boolean masked) {
        SideBySide vectors = new SideBySide(lanes, count, RDI, ExpressionCall.CONSTANTS);
        int[] results =
                ExpressionAssembly.appendSame(vectors, expression, (input, to) -> load(vectors, input, to, masked));
        a.mov(RAX, at(RDI, ExpressionCall.OUT));
        vectors.each(v -> {
            if (masked) {
                lanes.store(element(v), v, results[v]);
            } else {
                lanes.store(element(v), results[v]);
            }
        });
        a.add(RCX, count * lanes.bytes());
    }

    private void load(SideBySide vectors, int input, int[] to, boolean masked) {
        a.mov(RAX, at(RDI, ExpressionCall.INPUTS + input * Long.BYTES));
        vectors.each(v -> {
            if (scalar.get(input)) {
                lanes.broadcast(to[v], at(RAX, 0));
            } else if (masked) {
                lanes.load(to[v], v, element(v));
            } else {
                lanes.load(to[v], element(v));
            }
        });
    }

    private Address element(int vector) {
        return at(RAX, RCX, vector * lanes.bytes());
    }
}
