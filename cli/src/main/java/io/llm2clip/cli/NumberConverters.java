package io.llm2clip.cli;

import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of options, which say what they expect in words that are not Java's. */
final class NumberConverters {
    private static final String WHOLE = "a whole number from %d to %d";
    private static final String ANY = "a number";

    private NumberConverters() {}

    /** Has a command line and its subcommands use them. */
    static CommandLine register(CommandLine commands) {
        String ints = WHOLE.formatted(Integer.MIN_VALUE, Integer.MAX_VALUE);
        String longs = WHOLE.formatted(Long.MIN_VALUE, Long.MAX_VALUE);
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
