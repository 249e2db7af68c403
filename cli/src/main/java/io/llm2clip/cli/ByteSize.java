package io.llm2clip.cli;

import io.llm2clip.progress.Quantity;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as the JVM's options have it: {@code 8g}, {@code 512m}, {@code 64k} or a plain number. */
record ByteSize(long bytes) {
    private static final Pattern FORMAT = Pattern.compile("(\\d{1,9})([kmg]?)", Pattern.CASE_INSENSITIVE);

    private static final String[] UNITS = {"bytes", "kB", "MB", "GB", "TB"};

    /** A size for people, in the decimal units that file managers show: {@code 999 bytes}, {@code 4.9 MB}. */
    static String text(long bytes) {
        double value = bytes;
        int unit = 0;
        // What would be rounded to 1000.0 has the next unit.
        while (value >= 999.95 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return unit == 0 ? Quantity.of(bytes, "byte") : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

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
            long bytes = Long.parseLong(matcher.group(1)) << shift;
            if (bytes == 0) {
                throw new TypeConversionException("expected a size above 0, such as 8g or 512m, found '" + value + "'");
            }
            return new ByteSize(bytes);
        }
    }
}
