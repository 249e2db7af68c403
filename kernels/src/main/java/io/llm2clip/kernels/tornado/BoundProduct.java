package io.llm2clip.kernels.tornado;

import io.llm2clip.kernels.KernelOp;

/**
 * A matrix product that the device's library computes, and the places of its operands.
 *
 * @param op with an epilogue that the library takes
 * @param offsets for each operand its first element in the arena
 */
public record BoundProduct(KernelOp.Gemm op, int[] offsets) implements DeviceStep {
    public BoundProduct {
        offsets = offsets.clone();
    }
}
