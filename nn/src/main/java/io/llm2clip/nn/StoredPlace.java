package io.llm2clip.nn;

import java.util.List;

/**
 * The tensor of a checkpoint that holds the values of a parameter.
 *
 * @param tensor its name
 * @param form how it holds them
 * @param parameters whose values it holds: one, or those that {@link Form#ROWS} join, in their order
 */
public record StoredPlace(String tensor, Form form, List<String> parameters) {

    /** How a tensor holds values. */
    public enum Form {
        /** As the parameter has them. */
        SAME,
        /** In the same order, under a shape that has more or fewer dimensions of size 1. */
        RESHAPED,
        /** The parameter is a matrix, the tensor its transpose. */
        TRANSPOSED,
        /** Several parameters, one below the other. */
        ROWS
    }

    public StoredPlace {
        parameters = List.copyOf(parameters);
    }

    /** A tensor that is as the parameter is. */
    static StoredPlace same(String tensor, String parameter) {
        return new StoredPlace(tensor, Form.SAME, List.of(parameter));
    }
}
