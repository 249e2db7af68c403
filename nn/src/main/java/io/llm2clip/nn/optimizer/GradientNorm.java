package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.vector.Workers;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Sums of squares in double precision over blocks of fixed size, so that they do not depend on the number of threads. */
final class GradientNorm {
    private static final int BLOCK = 1 << 16;

    private record Block(int gradient, MemorySegment elements) {}

    private GradientNorm() {}

    /** The sum of squares of each. */
    static double[] squares(List<TensorData> gradients) {
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < gradients.size(); i++) {
            MemorySegment all = gradients.get(i).readOnly();
            long step = (long) BLOCK * Float.BYTES;
            for (long offset = 0; offset < all.byteSize(); offset += step) {
                blocks.add(new Block(i, all.asSlice(offset, Math.min(step, all.byteSize() - offset))));
            }
        }
        double[] sums = new double[blocks.size()];
        Workers.shared().parallel(sums.length, (task, _) -> sums[task] = square(blocks.get(task).elements));
        double[] squares = new double[gradients.size()];
        for (int i = 0; i < sums.length; i++) {
            squares[blocks.get(i).gradient] += sums[i];
        }
        return squares;
    }

    private static double square(MemorySegment elements) {
        // Independent sums, because one would wait for the latency of every addition.
        double[] lanes = new double[8];
        int count = (int) (elements.byteSize() / Float.BYTES);
        int bound = count - count % lanes.length;
        for (int i = 0; i < bound; i += lanes.length) {
            for (int lane = 0; lane < lanes.length; lane++) {
                double value = elements.getAtIndex(ValueLayout.JAVA_FLOAT, i + lane);
                lanes[lane] += value * value;
            }
        }
        for (int i = bound; i < count; i++) {
            double value = elements.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            lanes[0] += value * value;
        }
        return Arrays.stream(lanes).sum();
    }
}
