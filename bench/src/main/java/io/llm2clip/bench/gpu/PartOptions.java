package io.llm2clip.bench.gpu;

import java.nio.file.Path;
import java.util.List;

/**
 * Arguments of a part: {@code FILE DEVICE [small]}.
 *
 * @param rows receives the results
 * @param target where to compute
 * @param small whether shapes are tiny, for rehearsals without a GPU
 */
record PartOptions(Path rows, Target target, boolean small) {

    static PartOptions parse(String[] arguments) {
        if (arguments.length < 2) {
            throw new IllegalArgumentException("A part takes a file for its rows, 'cpu' or a device's number, and"
                    + " optionally 'small'; found " + List.of(arguments) + ".");
        }
        return new PartOptions(
                Path.of(arguments[0]),
                Target.parse(arguments[1]),
                List.of(arguments).contains("small"));
    }
}
