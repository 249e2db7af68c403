package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;

/** Matrix products in f32 by the Vector API; on every machine. */
public final class VectorApiMatrixUnit implements MatrixUnit {

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public Launch matmul(Matmul op, long[] addresses, Workers workers) {
        return new BlockedMatmul(op, checked(op, addresses), workers);
    }

    @Override
    public Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        return new AttentionKernel(op.shape(), checked(op, addresses), workers);
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        return new AttentionGradientKernel(op.shape(), checked(op, addresses), workers);
    }

    private static long[] checked(KernelOp op, long[] addresses) {
        if (addresses.length != op.operands().size()) {
            throw new IllegalArgumentException(
                    op.getClass().getSimpleName() + " takes " + op.operands().size() + " operands, found "
                            + addresses.length + " addresses; pass them in the order of operands().");
        }
        return addresses.clone();
    }
}
