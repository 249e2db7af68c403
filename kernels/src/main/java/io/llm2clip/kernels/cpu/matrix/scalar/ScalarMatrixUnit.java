package io.llm2clip.kernels.cpu.matrix.scalar;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The reference as a provider: plain loops with sums in double precision, on the calling thread, a thousand times slower. */
public final class ScalarMatrixUnit implements MatrixUnit {

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public boolean supports(KernelOp op) {
        return op instanceof AttentionOp.AttentionGradient
                || (op instanceof AttentionOp.Attention attention && attention.byRows())
                || (op instanceof Matmul matmul
                        && matmul.b().packing() == null
                        && matmul.panels() == null
                        && matmul.panelsOfB() == null
                        && matmul.epilogue().panels() == null);
    }

    @Override
    public @Nullable Packing packing(Matmul op) {
        return null;
    }

    @Override
    public boolean packs(Packing packing) {
        return false;
    }

    @Override
    public void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        throw new IllegalArgumentException("The scalar matrix unit has no layout " + packing + ".");
    }

    @Override
    public Launch matmul(Matmul op, long[] addresses, Workers workers) {
        return bind(op, addresses);
    }

    @Override
    public Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        return bind(op, addresses);
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        return bind(op, addresses);
    }

    private static Launch bind(KernelOp op, long[] addresses) {
        List<Operand> operands = op.operands();
        MemorySegment[] segments = new MemorySegment[operands.size()];
        for (int i = 0; i < segments.length; i++) {
            segments[i] = Memory.ALL.asSlice(addresses[i], operands.get(i).bytes());
        }
        return () -> Reference.run(op, segments);
    }
}
