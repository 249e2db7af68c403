package io.llm2clip.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as the JVM's options have it: {@code 8g}, {@code 512m}, {@code 64k} or a plain number. */
record ByteSize(long bytes) {
    private static final Pattern FORMAT = Pattern.compile("(\\d{1,9})([kmg]?)", Pattern.CASE_INSENSITIVE);

    /** Reads it from an argument. */
    static final class Converter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String value) {
            Matcher matcher = FORMAT.matcher(value);
            if (!matcher.matches()) {
                throw new TypeConversionException("expected a size such as 8g or 512m, found '" + value + "'");
            }
            int shift = switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
                case "k" -> 10;
                case "m" -> 20;
                case "g" -> 30;
                default -> 0;
            };
            return new ByteSize(Long.parseLong(matcher.group(1)) << shift);
        }
    }
}
