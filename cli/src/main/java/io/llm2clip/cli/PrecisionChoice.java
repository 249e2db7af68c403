package io.llm2clip.cli;

import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.machine.Processor;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * In what to multiply, as an option says it.
 *
 * @param named null for whatever is fastest of what is as precise as f32
 */
record PrecisionChoice(@Nullable Precision named) {
    private static final String AUTO = "auto";

    /** @param cpu whether the CPU computes, rather than a device of TornadoVM */
    Precision on(boolean cpu) {
        if (named != null) {
            return named;
        }
        return cpu ? Processor.asPreciseAsF32() : Precision.F32;
    }

    /** Reads it from an argument. */
    static final class Converter implements ITypeConverter<PrecisionChoice> {
        @Override
        public PrecisionChoice convert(String value) {
            if (value.equalsIgnoreCase(AUTO)) {
                return new PrecisionChoice(null);
            }
            for (Precision precision : Precision.values()) {
                if (value.equalsIgnoreCase(precision.toString())) {
                    return new PrecisionChoice(precision);
                }
            }
            String names =
                    Arrays.stream(Precision.values()).map(Precision::toString).collect(Collectors.joining(", "));
            throw new TypeConversionException("expected " + names + " or " + AUTO + ", found '" + value + "'");
        }
    }
}
