package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.cublas.Product;
import java.util.List;

/**
 * A matrix product that the device's library computes, once or for several places of its operands.
 *
 * @param product what to compute
 * @param precision in which, and so of what type the factors are
 * @param places each the first elements, in their arenas, of the factors, of the addend if it is an operand, and of the output
 */
public record BoundProduct(Product product, MatmulPrecision precision, List<int[]> places) implements DeviceStep {
    public BoundProduct {
        places = List.copyOf(places);
    }
}
