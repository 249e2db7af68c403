package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.operations.CustomOp;

/**
 * An operation of one's own with kernels for devices. They are in a class of their own, of which every method is a kernel or a helper and
 * in the dialect; {@code KernelLint} checks that.
 */
public interface DeviceOp extends CustomOp {

    /**
     * The launches that execute the operation, most simply by {@link DevicePlan#perElement} or {@link DevicePlan#perRow}. Operands are f32,
     * truth values, i32, bf16 or f16. Equal operations have equal plans.
     */
    DevicePlan plan();
}
