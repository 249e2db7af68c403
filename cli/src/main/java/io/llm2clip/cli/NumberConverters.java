package io.llm2clip.cli;

import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of options, which say what they expect in words that are not Java's. */
final class NumberConverters {
    private static final String ANY = "a number";

    private NumberConverters() {}

    /** Has a command line and its subcommands use them. */
    static CommandLine register(CommandLine commands) {
        // Every run does this, and the first number that is formatted takes the JVM as long as a tenth of its help.
        String ints = "a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE;
        String longs = "a whole number from " + Long.MIN_VALUE + " to " + Long.MAX_VALUE;
        return commands.registerConverter(int.class, of(Integer::valueOf, ints))
                .registerConverter(Integer.class, of(Integer::valueOf, ints))
                .registerConverter(long.class, of(Long::valueOf, longs))
                .registerConverter(Long.class, of(Long::valueOf, longs))
                .registerConverter(float.class, of(Float::valueOf, ANY))
                .registerConverter(Float.class, of(Float::valueOf, ANY))
                .registerConverter(double.class, of(Double::valueOf, ANY))
                .registerConverter(Double.class, of(Double::valueOf, ANY));
    }

    private static <N> ITypeConverter<N> of(Function<String, N> parser, String expected) {
        return text -> {
            try {
                return parser.apply(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("expected %s, found '%s'.".formatted(expected, text));
            }
        };
    }
}
