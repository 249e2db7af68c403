package io.llm2clip.kernels.matrix;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.vector.Workers;

/** Matrix products in f32 by the Vector API; on every machine. */
public final class VectorApiMatrixUnit implements MatrixUnit {

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public Launch gemm(KernelOp.Gemm op, long[] addresses, Workers workers) {
        return new BlockedGemm(op, checked(op, addresses), workers);
    }

    @Override
    public Launch attention(KernelOp.Attention op, long[] addresses, Workers workers) {
        return new AttentionKernel(op.shape(), checked(op, addresses), workers);
    }

    @Override
    public Launch attentionGradient(KernelOp.AttentionGradient op, long[] addresses, Workers workers) {
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
