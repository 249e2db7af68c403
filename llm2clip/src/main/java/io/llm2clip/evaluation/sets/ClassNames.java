package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import io.llm2clip.data.Utf8Lines;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.zeroshot.Label;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The classes of ImageNet with words for prompts, sorted by their WordNet identifiers, which is the order of their numbers.
 *
 * @param file that they were read from
 * @param labels a class's folder, such as n01440764, and its words
 * @param published whether the words can be those that published results are of; WordNet's own are not
 */
public record ClassNames(Path file, List<Label> labels, boolean published) {
    private static final String OPENAI = "classnames.txt";
    private static final String WORDNET = "LOC_synset_mapping.txt";
    private static final String FORMAT = "a line is the folder of a class and its words, 'n01440764 tench'";

    public ClassNames {
        labels = List.copyOf(labels);
    }

    /**
     * Reads {@code classnames.txt}, OpenAI's names as CoOp publishes them, or a file of one's own in this form, or else Kaggle's
     * {@code LOC_synset_mapping.txt}, whose first names are taken.
     *
     * @param folders where it may be
     * @throws InputException if there is none, or a line of it is not a class
     */
    static ClassNames read(String title, List<Path> folders) {
        for (String name : List.of(OPENAI, WORDNET)) {
            for (Path folder : folders) {
                Path file = folder.resolve(name);
                if (Files.isRegularFile(file)) {
                    return parse(file, name.equals(OPENAI));
                }
            }
        }
        throw new InputException(
                "%s: expected the names of its classes, %s or %s in the folder %s, found %s; put one there: %s."
                        .formatted(
                                title,
                                OPENAI,
                                WORDNET,
                                folders.getFirst(),
                                Layout.contents(folders.getFirst()),
                                FORMAT));
    }

    private static ClassNames parse(Path file, boolean published) {
        List<String> lines = new ArrayList<>();
        try (InputStream input = Files.newInputStream(file)) {
            Utf8Lines.read(input, new Utf8Lines.Target() {
                @Override
                public void line(int number, String text) {
                    if (!text.isBlank()) {
                        String line = text.strip();
                        int end = line.replace('\t', ' ').indexOf(' ');
                        if (end < 0) {
                            unusable(number, "'%s'".formatted(line));
                        }
                        String words = line.substring(end + 1).strip();
                        int comma = published ? -1 : words.indexOf(',');
                        lines.add(line.substring(0, end) + "\t" + (comma < 0 ? words : words.substring(0, comma)));
                    }
                }

                @Override
                public void unusable(int number, String reason) {
                    throw new InputException("%s: expected a class per line, found in line %d: %s; %s."
                            .formatted(file, number, reason, FORMAT));
                }
            });
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
        }
        List<Label> labels = Label.parse(file.toString(), lines).stream()
                .sorted(Comparator.comparing(Label::name))
                .toList();
        return new ClassNames(file, labels, published);
    }

    /** The folders of classes. */
    List<String> folders() {
        return labels.stream().map(Label::name).toList();
    }
}
