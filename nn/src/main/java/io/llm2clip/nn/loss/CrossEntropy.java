package io.llm2clip.nn.loss;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.stream.IntStream;

/** Cross entropy of the softmax, averaged. */
public final class CrossEntropy {
    private CrossEntropy() {}

    /**
     * Mean over the targets that are not -1; 0 if all are.
     *
     * @param logits {@code [..., C]}
     * @param targets i32 {@code [...]}, each a class, or -1 to be left out
     */
    public static Tensor mean(Tensor logits, Tensor targets) {
        Tensor left = targets.cast(DType.F32).equalTo(Tensor.scalar(-1)).cast(DType.F32);
        Tensor count = Tensor.scalar(targets.shape().size()).sub(left.sum()).maximum(Tensor.scalar(1));
        return logits.crossEntropy(targets).sum().div(count);
    }

    /** Mean where the target of row i is class i; logits {@code [rows, columns >= rows]}. */
    static Tensor ofDiagonal(Tensor logits) {
        int rows = logits.shape().dim(0);
        TensorData diagonal =
                TensorData.ofInts(Shape.of(rows), IntStream.range(0, rows).toArray());
        return logits.crossEntropy(Tensor.variable("diagonal", diagonal)).mean();
    }
}
