package io.llm2clip.kernels.cpu.machine.expression;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.operations.Expression;
import java.util.List;

/**
 * Encodes the evaluation of an {@link Expression} over contiguous elements, two vectors at a time and what is left of them by a mask. The
 * argument is the address of an {@link ExpressionCall}.
 */
public final class ExpressionProgram {
    private static final Mask EXISTING = new Mask(1);

    private final Assembler a = new Assembler();
    private final Expression expression;
    private final List<Boolean> scalar;

    /**
     * A program that reads literals from its call.
     *
     * @param expression one that {@link ExpressionAssembly#encodes}
     * @param scalar for each input, whether it is one element for all
     */
    public ExpressionProgram(Expression expression, List<Boolean> scalar) {
        this.expression = expression;
        this.scalar = scalar;
    }

    /** The function's code. */
    public byte[] encode() {
        a.mov(RCX, 0);
        Loops.times(a, RDX, at(RDI, ExpressionCall.PAIRS), () -> vectors(2, Mask.ALL));
        Loops.times(a, RDX, at(RDI, ExpressionCall.SINGLES), () -> vectors(1, Mask.ALL));
        Label done = a.label();
        a.mov(RAX, at(RDI, ExpressionCall.MASK));
        a.test(RAX, RAX);
        a.jz(done);
        a.kmovw(EXISTING, RAX);
        vectors(1, EXISTING);
        a.bind(done);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private void vectors(int count, Mask existing) {
        Zmm[] results = ExpressionAssembly.appendSame(
                a, expression, count, RDI, ExpressionCall.CONSTANTS, (input, to) -> load(input, to, existing));
        a.mov(RAX, at(RDI, ExpressionCall.OUT));
        for (int v = 0; v < count; v++) {
            a.vmovups(at(RAX, RCX, v * ExpressionCall.VECTOR), existing, results[v]);
        }
        a.add(RCX, count * ExpressionCall.VECTOR);
    }

    private void load(int input, Zmm[] to, Mask existing) {
        a.mov(RAX, at(RDI, ExpressionCall.INPUTS + input * Long.BYTES));
        for (int v = 0; v < to.length; v++) {
            if (scalar.get(input)) {
                a.vbroadcastss(to[v], at(RAX, 0));
            } else {
                a.vmovups(to[v], existing, at(RAX, RCX, v * ExpressionCall.VECTOR));
            }
        }
    }
}
