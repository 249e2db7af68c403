package io.llm2clip.model;

import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.StoredPlace;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shapes of a part's parameters as a checkpoint has them: what tells a part's sizes where no configuration does.
 *
 * @param source what messages call the checkpoint
 * @param names of the part's tensors
 * @param shapes of all tensors
 */
record StoredShapes(Path source, StoredLayout.Found names, Map<String, List<Long>> shapes) {

    static StoredShapes of(Checkpoint source, StoredLayout.Found names) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        source.entries().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return new StoredShapes(source.source(), names, shapes);
    }

    boolean has(String parameter) {
        return shapes.containsKey(names.place(parameter).tensor());
    }

    /** A dimension of a parameter. */
    int size(String parameter, int dimension) {
        List<Long> shape = shape(parameter);
        boolean transposed = names.place(parameter).form() == StoredPlace.Form.TRANSPOSED;
        int index = transposed ? shape.size() - 1 - dimension : dimension;
        if (index < 0 || index >= shape.size() || shape.get(index) < 1 || shape.get(index) > Integer.MAX_VALUE) {
            throw strange(parameter, "a positive size in dimension " + index);
        }
        return Math.toIntExact(shape.get(index));
    }

    /** How many layers have a parameter, of which the first must. */
    int layers(String template) {
        int layers = 0;
        while (has(template.formatted(layers))) {
            layers++;
        }
        // The name of the first says what is missing.
        shape(template.formatted(0));
        return layers;
    }

    List<Long> shape(String parameter) {
        String tensor = names.place(parameter).tensor();
        List<Long> shape = shapes.get(tensor);
        if (shape == null) {
            throw new CheckpointException(
                    "%s: expected a tensor '%s', found %d others; check that the file is complete."
                            .formatted(source, tensor, shapes.size()));
        }
        return shape;
    }

    CheckpointException strange(String parameter, String expected) {
        return new CheckpointException("%s: tensor '%s': expected %s, found shape %s; check that the file is complete."
                .formatted(source, names.place(parameter).tensor(), expected, shape(parameter)));
    }

    CheckpointException untold(String what) {
        return new CheckpointException(
                "%s: expected a config.json beside it that tells %s; fetch or write one.".formatted(source, what));
    }
}
