package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.text.WellFormed;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which columns of a table, or keys of an object, are captions. Case does not count: the reference's loader lower-cases names.
 *
 * @param names the columns; empty for those called {@code caption}, {@code text}, {@code txt} or {@code title}, in singular or plural,
 *     or ending in {@code _caption} or {@code _captions}
 */
public record CaptionColumns(Set<String> names) {
    /** Those that are called so. */
    public static final CaptionColumns BY_NAME = new CaptionColumns(Set.of());

    private static final Set<String> USUAL = Set.of("caption", "captions", "text", "texts", "txt", "title", "titles");

    public CaptionColumns {
        Set<String> lower = new LinkedHashSet<>();
        names.forEach(name -> lower.add(name.toLowerCase(Locale.ROOT)));
        names = Set.copyOf(lower);
    }

    /** Whether a column has captions. */
    boolean has(String column) {
        String lower = column.toLowerCase(Locale.ROOT);
        return names.isEmpty()
                ? USUAL.contains(lower) || lower.endsWith("_caption") || lower.endsWith("_captions")
                : names.contains(lower);
    }

    /** A hash of data, given one of their files, read by these columns. */
    String digest(String files) {
        return names.isEmpty()
                ? files
                : Fingerprint.hash(files + names.stream().sorted().toList());
    }

    /**
     * Checks that a table has the columns.
     *
     * @param table for messages
     * @param columns that it has
     * @throws InputException if one that was named is missing, or none has captions
     */
    void require(String table, List<String> columns) {
        List<String> missing = names.stream()
                .filter(name -> columns.stream().noneMatch(name::equalsIgnoreCase))
                .sorted()
                .toList();
        if (!missing.isEmpty() || columns.stream().noneMatch(this::has)) {
            throw new InputException("%s has the columns %s, expected %s; name the columns with captions."
                    .formatted(
                            table,
                            String.join(", ", columns),
                            names.isEmpty()
                                    ? "one called caption, or whose name ends in _caption"
                                    : String.join(", ", missing)));
        }
    }

    /** Captions as they come; blank ones are left out, and of equal ones the later. */
    static final class Collected {
        private final List<Example.Caption> captions = new ArrayList<>();
        private final Set<String> texts = new LinkedHashSet<>();

        void add(String column, String text) {
            String stripped = WellFormed.text(text).strip();
            if (!stripped.isEmpty() && texts.add(stripped)) {
                captions.add(new Example.Caption(column, stripped));
            }
        }

        List<Example.Caption> captions() {
            return captions;
        }

        /**
         * The same if there are any.
         *
         * @param example what they are of, for the message
         * @throws InputException if there are none
         */
        List<Example.Caption> require(String example) {
            if (captions.isEmpty()) {
                throw new InputException("%s has no caption.".formatted(example));
            }
            return captions;
        }
    }
}
