package io.llm2clip.tensor;

/** Convolutions of images {@code [batch, channels, height, width]}, as matrix products over their patches. */
public sealed interface ConvolutionFunctions permits Tensor {

    /**
     * Patches of images {@code [N, C, H, W]}, row by row: {@code [N, rows, columns, C * height * width]}, channels slowest within a patch.
     * Patches that follow each other without overlap are a view.
     *
     * @param height pixels of a patch
     * @param width pixels of a patch
     * @param stride pixels from one patch to the next, both ways
     * @param padding zeros around each image
     */
    default Tensor patches(int height, int width, int stride, int padding) {
        return Convolution.patches("patches", (Tensor) this, height, width, stride, padding);
    }

    /**
     * Cross-correlation of images {@code [N, C, H, W]} with kernels, which is what convolution layers compute: {@code [N, O, rows,
     * columns]}.
     *
     * @param kernels {@code [O, C, height, width]}
     * @param stride pixels from one patch to the next, both ways
     * @param padding zeros around each image
     */
    default Tensor conv2d(Tensor kernels, int stride, int padding) {
        return Convolution.conv2d((Tensor) this, kernels, stride, padding);
    }
}
