package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Names with braces, as shells and WebDataset expand them: {@code {000..287}} and {@code {train,val}}. */
final class Braces {
    private static final Pattern BRACES = Pattern.compile("\\{([^{}]*)}");
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})\\.\\.(\\d{1,9})");
    private static final int MOST = 1_000_000;

    private Braces() {}

    /**
     * All names that a pattern stands for, in its order.
     *
     * @throws InputException if a brace holds neither a range nor a list, or there are more than a million
     */
    static List<String> expand(String pattern) {
        Matcher braces = BRACES.matcher(pattern);
        if (!braces.find()) {
            return List.of(pattern);
        }
        List<String> names = new ArrayList<>();
        for (String each : choices(braces.group(1), pattern)) {
            names.addAll(expand(pattern.substring(0, braces.start()) + each + pattern.substring(braces.end())));
            requireAtMost(names.size(), pattern);
        }
        return names;
    }

    private static List<String> choices(String inside, String pattern) {
        Matcher range = RANGE.matcher(inside);
        if (!range.matches()) {
            if (!inside.contains(",")) {
                throw new InputException("{%s} of %s is no range such as {000..287} and no list such as {a,b}."
                        .formatted(inside, pattern));
            }
            return List.of(inside.split(",", -1));
        }
        int first = Integer.parseInt(range.group(1));
        int last = Integer.parseInt(range.group(2));
        if (last < first) {
            throw new InputException(
                    "{%s} of %s ends before it begins; write the smaller number first.".formatted(inside, pattern));
        }
        requireAtMost(last - first + 1L, pattern);
        String format = "%0" + range.group(1).length() + "d";
        return IntStream.rangeClosed(first, last).mapToObj(format::formatted).toList();
    }

    private static void requireAtMost(long count, String pattern) {
        if (count > MOST) {
            throw new InputException("%s stands for more than %,d shards; correct the range.".formatted(pattern, MOST));
        }
    }
}
