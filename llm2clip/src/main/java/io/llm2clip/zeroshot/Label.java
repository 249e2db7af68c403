package io.llm2clip.zeroshot;

import io.llm2clip.data.InputException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What an image may be classified as.
 *
 * @param name what results call it, and perhaps the folder of its images; no other label has it
 * @param words what stands for it in prompts; other labels may have the same, as two classes of ImageNet do
 */
public record Label(String name, String words) {
    /** A label that is its own name. */
    public static Label of(String name) {
        return new Label(name, name);
    }

    /**
     * Reads labels: a line is one, or its name, a tab and its words. Blank lines do not count.
     *
     * @param source what the lines are from, for messages
     * @throws InputException if there are fewer than two labels, or one occurs twice
     */
    public static List<Label> parse(String source, List<String> lines) {
        List<Label> labels = new ArrayList<>();
        for (String line : lines) {
            if (line.isBlank()) {
                continue;
            }
            int tab = line.indexOf('\t');
            String name = (tab < 0 ? line : line.substring(0, tab)).strip();
            String words = tab < 0 ? name : line.substring(tab + 1).strip();
            if (name.isEmpty() || words.isEmpty()) {
                throw new InputException(
                        "%s: expected a label, or a name, a tab and the words for prompts, found the line '%s'; complete it."
                                .formatted(source, line.replace("\t", "\\t")));
            }
            labels.add(new Label(name, words));
        }
        return distinct(source, labels);
    }

    /**
     * Labels in a list with commas between.
     *
     * @throws InputException if there are fewer than two labels, an empty one, or one twice
     */
    public static List<Label> parseList(String list) {
        List<Label> labels = new ArrayList<>();
        for (String name : list.split(",", -1)) {
            if (name.isBlank()) {
                throw new InputException(
                        "The labels '%s': expected a label between commas, found none; remove a comma, or put labels with commas into a file, one per line."
                                .formatted(list));
            }
            labels.add(of(name.strip()));
        }
        return distinct("The labels '%s'".formatted(list), labels);
    }

    private static List<Label> distinct(String source, List<Label> labels) {
        if (labels.size() < 2) {
            throw new InputException("%s: expected at least two labels to choose from, found %s; add others."
                    .formatted(
                            source,
                            labels.isEmpty() ? "none" : "'" + labels.getFirst().name() + "' alone"));
        }
        Set<String> seen = new HashSet<>();
        for (Label label : labels) {
            if (!seen.add(label.name())) {
                throw new InputException(
                        "%s: expected each label once, found '%s' twice; remove one, or give them names of their own: a name, a tab and the words per line."
                                .formatted(source, label.name()));
            }
        }
        return List.copyOf(labels);
    }
}
