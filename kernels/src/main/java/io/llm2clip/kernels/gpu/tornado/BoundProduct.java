package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import java.util.List;

/**
 * A matmul that the device's library computes, once or at several offsets of its operands.
 *
 * @param product what to compute
 * @param precision in which, and so of what type A and B are
 * @param arenas numbers of the arenas that store A, B, the addend if it is an operand, and the output
 * @param offsets each the first elements of these operands in their arenas
 */
public record BoundProduct(Product product, MatmulPrecision precision, List<Integer> arenas, List<int[]> offsets)
        implements TornadoStep {
    public BoundProduct {
        arenas = List.copyOf(arenas);
        offsets = List.copyOf(offsets);
    }
}
