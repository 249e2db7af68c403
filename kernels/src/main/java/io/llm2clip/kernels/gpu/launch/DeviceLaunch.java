package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import java.util.List;

/**
 * One execution of a kernel over a grid, complete but for the places of its operands.
 *
 * @param kernel what each work-item executes
 * @param grid the work-items
 * @param dimensions first part of the {@code PARAMS} block: whatever ints the kernel defines
 * @param scalars the {@code SCALARS} block; may be empty
 */
public record DeviceLaunch(DeviceKernel kernel, Grid grid, List<Integer> dimensions, List<Float> scalars) {
    public DeviceLaunch {
        dimensions = List.copyOf(dimensions);
        scalars = List.copyOf(scalars);
    }

    /**
     * The whole {@code PARAMS} block.
     *
     * @param offsets for each of {@link DevicePlan#operands()}, and then for the scratch memory if the plan has any, the first
     *     element in the arena of its type
     */
    public int[] params(int[] offsets) {
        int[] params = new int[dimensions.size() + offsets.length];
        for (int i = 0; i < dimensions.size(); i++) {
            params[i] = dimensions.get(i);
        }
        System.arraycopy(offsets, 0, params, dimensions.size(), offsets.length);
        return params;
    }
}
