package io.llm2clip.kernels.gpu.codegen;

import java.util.List;

/** How an input of an elementwise operation lies beside the contiguous output. */
public enum InputLayout {
    /** As the output. */
    DENSE,
    /** One element for all. */
    SCALAR,
    /** Any other way. */
    STRIDED;

    /** The layout of an input with strides, in elements, along an output's dimensions. */
    public static InputLayout of(List<Integer> shape, List<Integer> strides) {
        if (strides.stream().allMatch(stride -> stride == 0)) {
            return SCALAR;
        }
        int dense = 1;
        for (int d = shape.size() - 1; d >= 0; d--) {
            if (strides.get(d) != dense) {
                return STRIDED;
            }
            dense *= shape.get(d);
        }
        return DENSE;
    }
}
