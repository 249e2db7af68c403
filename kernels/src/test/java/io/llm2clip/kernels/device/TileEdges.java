package io.llm2clip.kernels.device;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.KernelOp.AttentionShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Operations of shapes one below, at and one above every tile and group size, which random shapes meet rarely. */
public final class TileEdges {

    private TileEdges() {}

    public static Stream<KernelOp> operations() {
        List<KernelOp> ops = new ArrayList<>();
        for (int edge = -1; edge <= 1; edge++) {
            int group = RowKernels.GROUP + edge;
            int tile = GemmKernels.TILE + edge;
            int depth = GemmKernels.DEPTH + edge;
            for (boolean transposeA : new boolean[] {false, true}) {
                ops.add(KernelOp.Gemm.dense(2, tile, GemmKernels.TILE - edge, depth, transposeA, !transposeA));
                ops.add(KernelOp.Gemm.dense(1, 2 * tile, tile, 2 * depth, transposeA, transposeA));
            }
            ops.add(new KernelOp.Softmax(2, group));
            ops.add(new KernelOp.LayerNormGradient(2, group, 1e-3f));
            ops.add(new KernelOp.CrossEntropyGradient(2, group));
            int rows = AttentionKernels.GROUP + edge;
            int keys = AttentionKernels.TILE + edge;
            AttentionShape cross = new AttentionShape(2, rows, keys, 4, 2, AttentionKernels.MAX_HEAD_SIZE, 0.1f, false);
            AttentionShape causal = new AttentionShape(1, rows, rows, 2, 1, 64, 0.1f, true);
            for (AttentionShape shape : List.of(cross, causal)) {
                ops.add(new KernelOp.Attention(shape));
                ops.add(new KernelOp.AttentionGradient(shape));
            }
        }
        return ops.stream();
    }
}
