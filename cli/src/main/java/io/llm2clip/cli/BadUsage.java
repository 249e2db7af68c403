package io.llm2clip.cli;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Options that are each in range but do not fit together. */
final class BadUsage {
    private BadUsage() {}

    /**
     * What options describe.
     *
     * @throws ParameterException with the sentence of the constructor that refused them
     */
    static <T> T unless(@Nullable CommandSpec spec, Supplier<T> described) {
        try {
            return described.get();
        } catch (IllegalArgumentException e) {
            if (spec == null) {
                throw e;
            }
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
