package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.operations.SquareSums;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums of squares of gradients: of blocks of fixed size where the gradients are, of the blocks' sums in double precision here, so
 * that they do not depend on the number of threads.
 */
final class GradientNorm implements AutoCloseable {
    private final List<TensorData> gradients;
    private final TensorData sums;
    private final LaunchSequence launch;

    GradientNorm(Device device, List<TensorData> gradients) {
        this.gradients = gradients;
        SquareSums op = new SquareSums(
                gradients.stream().map(gradient -> gradient.shape().size()).toList());
        sums = TensorData.allocate(Shape.of((int) op.operands().getLast().elements()), DType.F32);
        List<TensorData> operands = new ArrayList<>(gradients);
        operands.add(sums);
        launch = device.bind(List.of(new Device.Application(op, operands)));
    }

    /** The sum of squares of each gradient as it is now. */
    double[] squares() {
        launch.run();
        float[] blocks = sums.toFloats();
        double[] squares = new double[gradients.size()];
        int block = 0;
        for (int i = 0; i < squares.length; i++) {
            int end = block + SquareSums.blocks(gradients.get(i).shape().size());
            while (block < end) {
                squares[i] += blocks[block++];
            }
        }
        return squares;
    }

    @Override
    public void close() {
        launch.close();
    }
}
