package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.CustomOp;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An operation of one's own that gradients flow through. */
public interface DifferentiableOp extends CustomOp {

    /**
     * The gradients of a loss with respect to the inputs, as graph: of tensors, their functions, and {@link Tensor#kernel}s of other
     * operations. What it is made of has gradients in turn, so those of second order need nothing more.
     *
     * @param inputs of the operation, in its order
     * @param results of the operation, in its order
     * @param gradients of the loss with respect to the results, each f32 of the result's shape; zeros for those that it does not depend on
     * @return one for each input, f32 of its shape; null where none flows, as to indices
     */
    List<@Nullable Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients);
}
