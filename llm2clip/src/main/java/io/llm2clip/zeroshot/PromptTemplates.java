package io.llm2clip.zeroshot;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * Sentences around a label, whose embeddings are averaged.
 *
 * @param templates each with {@value #PLACE}, which stands for the label
 */
public record PromptTemplates(List<String> templates) {
    /** Where the label's words go. */
    public static final String PLACE = "{}";

    /** The words alone. */
    public static final PromptTemplates NONE = new PromptTemplates(List.of(PLACE));

    /** The one of CLIP's paper. */
    public static final PromptTemplates PHOTO = new PromptTemplates(List.of("a photo of a {}."));

    /** The seven that OpenAI found to do most of what the eighty do. */
    public static final PromptTemplates SIMPLE = resource("simple.txt");

    /** OpenAI's eighty, with which ImageNet results are reported. */
    public static final PromptTemplates IMAGENET = resource("imagenet.txt");

    /** @throws IllegalArgumentException if there is none, or one without {@value #PLACE} */
    public PromptTemplates {
        templates = List.copyOf(templates);
        if (templates.isEmpty()) {
            throw new IllegalArgumentException("There are no templates; expected at least one, such as '{}'.");
        }
        for (String template : templates) {
            if (!template.contains(PLACE)) {
                throw new IllegalArgumentException(
                        "The template '%s' has no {}; put it where the label goes.".formatted(template));
            }
        }
    }

    /**
     * Reads templates, one per line; blank lines do not count.
     *
     * @param source what the lines are from, for messages
     * @throws InputException if there is none, or one without {@value #PLACE}
     */
    public static PromptTemplates parse(String source, List<String> lines) {
        try {
            return new PromptTemplates(lines.stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList());
        } catch (IllegalArgumentException e) {
            throw new InputException("%s: %s".formatted(source, e.getMessage()), e);
        }
    }

    /** The prompts of a label. */
    public List<String> of(Label label) {
        return templates.stream()
                .map(template -> template.replace(PLACE, label.words()))
                .toList();
    }

    private static PromptTemplates resource(String name) {
        try (InputStream in = Objects.requireNonNull(PromptTemplates.class.getResourceAsStream(name))) {
            return new PromptTemplates(new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
