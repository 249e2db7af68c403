package io.llm2clip.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of tensors that differ in numbers, for which it has {@code *}, and in what follows it after a dot:
 * {@code blocks.*.norm1} stands for {@code blocks.0.norm1.weight} and {@code blocks.11.norm1.bias}.
 */
final class NameTemplate {
    private final String text;
    private final Pattern pattern;

    NameTemplate(String text) {
        this.text = text;
        String numbered = Pattern.quote(text).replace("*", "\\E(\\d+)\\Q");
        pattern = Pattern.compile(numbered + "(|\\..*)");
    }

    /** What a name that this stands for has in the place of each {@code *} and behind the template. */
    Optional<List<String>> match(String name) {
        Matcher matcher = pattern.matcher(name);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        List<String> parts = new ArrayList<>();
        for (int group = 1; group <= matcher.groupCount(); group++) {
            parts.add(matcher.group(group));
        }
        return Optional.of(parts);
    }

    /** The name with what another template's {@link #match} found. */
    String fill(List<String> parts) {
        StringBuilder name = new StringBuilder();
        int next = 0;
        for (char c : text.toCharArray()) {
            if (c == '*') {
                name.append(parts.get(next));
                next++;
            } else {
                name.append(c);
            }
        }
        return name.append(parts.getLast()).toString();
    }

    @Override
    public String toString() {
        return text;
    }
}
