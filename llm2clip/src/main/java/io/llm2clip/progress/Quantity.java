package io.llm2clip.progress;

/** Counts in words: the number and the noun in the number that it takes. */
public final class Quantity {
    private Quantity() {}

    /**
     * {@code "1 step"}, {@code "0 steps"}, {@code "2 entries"}, {@code "3 batches"}.
     *
     * @param singular a regular noun, or a phrase that ends with one
     */
    public static String of(long count, String singular) {
        return count + " " + (count == 1 ? singular : plural(singular));
    }

    private static String plural(String noun) {
        if (noun.matches(".*[^aeiou]y")) {
            return noun.substring(0, noun.length() - 1) + "ies";
        }
        return noun + (noun.matches(".*(s|x|ch|sh)") ? "es" : "s");
    }
}
