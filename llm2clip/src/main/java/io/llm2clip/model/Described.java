package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Networks of the sizes that files say, which may say anything. A network is made before its weights are read, and takes as much memory and
 * time as it has parameters: so there must be tensors for its layers, and what it refuses is said of the file.
 */
final class Described {
    private Described() {}

    /**
     * Makes a network.
     *
     * @param weights that it is going to get
     * @param layers that its configuration says
     * @throws CheckpointException if there are no tensors for so many layers, or no network is of its sizes
     */
    static <T> T network(Checkpoint weights, int layers, Supplier<T> network) {
        int tensors = weights.entries().size();
        // Every layer has several.
        if (layers > tensors) {
            throw new CheckpointException(
                    "%s: expected the tensors of %,d layers, as the configuration says, found %,d tensors; fetch both again."
                            .formatted(weights.source(), layers, tensors));
        }
        return network(weights.source(), network);
    }

    /**
     * Makes a network whose number of layers is fixed.
     *
     * @param source for messages
     * @throws CheckpointException if no network is of its sizes
     */
    static <T> T network(Path source, Supplier<T> network) {
        try {
            return network.get();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(source, e.getMessage()), e);
        }
    }
}
