package io.llm2clip.tensor.internal.graph;

import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Inputs without a value: whatever lies in their memory is not what anybody meant. */
public final class UnfedInputs {
    private UnfedInputs() {}

    /**
     * Refuses them by name, in the order in which they were made.
     *
     * @throws TensorException if there are any
     */
    public static void refuse(Collection<Tensor> unfed) {
        if (unfed.isEmpty()) {
            return;
        }
        List<String> names = unfed.stream()
                .sorted(Comparator.comparingLong(Tensor::id))
                .map(Tensor::label)
                .toList();
        boolean one = names.size() == 1;
        throw new TensorException(names.stream()
                .collect(Collectors.joining(
                        ", ",
                        one ? "Input " : "Inputs ",
                        (one ? " was" : " were") + " not fed; feed every input before running.")));
    }
}
