package io.llm2clip.tensor;

import java.util.List;

/** Patches as rows of a matrix. */
final class Convolution {
    private Convolution() {}

    static Tensor conv2d(Tensor images, Tensor kernels, int stride, int padding) {
        Shape kernel = kernels.shape();
        if (kernel.rank() != 4
                || images.shape().rank() != 4
                || kernel.dim(1) != images.shape().dim(1)) {
            throw new TensorException("conv2d: " + images.shape() + " with kernels " + kernel
                    + "; expected [batch, channels, height, width] and [outputs, channels, height, width].");
        }
        Grid grid = Grid.of("conv2d", images.shape(), kernel.dim(2), kernel.dim(3), stride, padding);
        Tensor rows = grid.tiles() ? grid.tiled(images) : grid.gathered(images);
        // Of the gathered rows, channels are fastest; turning the kernels is less work.
        Tensor turned = grid.tiles() ? kernels : kernels.permute(0, 2, 3, 1);
        Tensor products = rows.reshape(grid.images * grid.rows * grid.columns, grid.patch())
                .matmulTransposed(turned.reshape(kernel.dim(0), grid.patch()));
        return products.reshape(grid.images, grid.rows, grid.columns, kernel.dim(0))
                .permute(0, 3, 1, 2);
    }

    static Tensor patches(String name, Tensor images, int height, int width, int stride, int padding) {
        if (images.shape().rank() != 4) {
            throw new TensorException(name + ": " + images.shape() + "; expected [batch, channels, height, width].");
        }
        Grid grid = Grid.of(name, images.shape(), height, width, stride, padding);
        Tensor rows = grid.tiles() ? grid.tiled(images) : grid.gathered(images).permute(0, 1, 2, 5, 3, 4);
        return rows.reshape(grid.images, grid.rows, grid.columns, grid.patch());
    }

    /** Where patches are. */
    private record Grid(
            int images,
            int channels,
            int imageHeight,
            int imageWidth,
            int height,
            int width,
            int stride,
            int padding,
            int rows,
            int columns) {

        static Grid of(String name, Shape images, int height, int width, int stride, int padding) {
            if (height < 1 || width < 1 || stride < 1 || padding < 0) {
                throw new TensorException(name + ": patches of " + height + " x " + width + ", stride " + stride
                        + ", padding " + padding + "; expected 1 or more, and padding 0 or more.");
            }
            long paddedHeight = images.dim(2) + 2L * padding;
            long paddedWidth = images.dim(3) + 2L * padding;
            if (height > paddedHeight || width > paddedWidth) {
                throw new TensorException(name + ": patches of " + height + " x " + width + " of " + images
                        + " with padding " + padding + "; expected them no larger than the padded image.");
            }
            return new Grid(
                    images.dim(0),
                    images.dim(1),
                    images.dim(2),
                    images.dim(3),
                    height,
                    width,
                    stride,
                    padding,
                    Shape.dimension(name, (paddedHeight - height) / stride + 1),
                    Shape.dimension(name, (paddedWidth - width) / stride + 1));
        }

        /** Elements of a patch. */
        int patch() {
            return Shape.of(channels, height, width).size();
        }

        /** Whether patches follow each other without overlap. */
        boolean tiles() {
            return padding == 0 && stride == height && stride == width;
        }

        /** {@code [N, rows, columns, C, height, width]} as a view. */
        Tensor tiled(Tensor image) {
            return image.slice(2, 0, rows * height)
                    .slice(3, 0, columns * width)
                    .reshape(images, channels, rows, height, columns, width)
                    .permute(0, 2, 4, 1, 3, 5);
        }

        /** {@code [N, rows, columns, height, width, C]}: pixels picked by their numbers, padding by that of a row of zeros. */
        Tensor gathered(Tensor image) {
            Shape picked = Shape.of(images, rows, columns, height, width);
            int pixels = Shape.of(images, imageHeight, imageWidth).size();
            Tensor table = image.permute(0, 2, 3, 1).reshape(pixels, channels);
            if (padding > 0) {
                table = Tensor.concat(0, List.of(table, Tensor.full(0, Shape.of(1, channels))));
            }
            TensorData index = TensorData.ofInts(picked, numbers(picked.size(), pixels));
            return table.gather(Tensor.variable("patches", index.freeze()));
        }

        private int[] numbers(int count, int zeros) {
            int[] numbers = new int[count];
            for (int i = 0; i < count; i++) {
                int x = i % width + i / (width * height) % columns * stride - padding;
                int row = i / (width * height * columns);
                int y = i / width % height + row % rows * stride - padding;
                boolean inside = x >= 0 && x < imageWidth && y >= 0 && y < imageHeight;
                numbers[i] = inside ? (row / rows * imageHeight + y) * imageWidth + x : zeros;
            }
            return numbers;
        }
    }
}
