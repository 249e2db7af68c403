package io.llm2clip.nn;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** From a tensor of a checkpoint, which may hold several parameters or hold them otherwise, to the values of one. */
final class StoredValues {
    private StoredValues() {}

    /**
     * The values of a parameter, in its order of elements, where they lie.
     *
     * @param members all parameters that the tensor holds
     * @throws CheckpointException if it has another shape than these give it
     */
    static StoredTensor of(
            Path source, StoredPlace place, StoredTensor stored, Parameter parameter, List<Parameter> members) {
        List<Long> own = dims(parameter);
        return switch (place.form()) {
            case SAME -> {
                require(source, place, stored, members, stored.shape().equals(own), own);
                yield stored;
            }
            case RESHAPED -> {
                require(
                        source,
                        place,
                        stored,
                        members,
                        withoutOnes(stored.shape()).equals(withoutOnes(own)),
                        own);
                yield stored;
            }
            case TRANSPOSED -> {
                List<Long> expected = own.reversed();
                require(source, place, stored, members, stored.shape().equals(expected), expected);
                if (stored.type().isQuantized()) {
                    throw new CheckpointException(
                            "%s: tensor '%s': expected elements of type F32, F16 or BF16, since the parameter '%s' is its transpose, found %s; convert the checkpoint."
                                    .formatted(source, place.tensor(), parameter.name(), stored.type()));
                }
                yield stored.transposed();
            }
            case ROWS -> {
                List<Long> expected = new ArrayList<>(own);
                expected.set(0, members.stream().mapToLong(StoredValues::rows).sum());
                require(source, place, stored, members, stored.shape().equals(expected), expected);
                long first = members.stream()
                        .takeWhile(member -> member != parameter)
                        .mapToLong(StoredValues::rows)
                        .sum();
                yield stored.rows(first, first + rows(parameter));
            }
        };
    }

    private static void require(
            Path source,
            StoredPlace place,
            StoredTensor stored,
            List<Parameter> members,
            boolean fits,
            List<Long> expected) {
        if (!fits) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected shape %s of %s, found %s; check that the checkpoint fits the model's configuration."
                            .formatted(source, place.tensor(), expected, names(members), stored.shape()));
        }
    }

    private static String names(List<Parameter> members) {
        return members.stream()
                .map(member -> "'" + member.name() + "'")
                .collect(Collectors.joining(", ", members.size() == 1 ? "parameter " : "parameters ", ""));
    }

    private static long rows(Parameter parameter) {
        return parameter.shape().dim(0);
    }

    private static List<Long> dims(Parameter parameter) {
        return parameter.shape().toList().stream().map(Integer::longValue).toList();
    }

    private static List<Long> withoutOnes(List<Long> shape) {
        return shape.stream().filter(dimension -> dimension != 1).toList();
    }
}
