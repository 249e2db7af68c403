package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import io.llm2clip.data.JsonLines.BadLineException;
import io.llm2clip.data.Utf8Lines;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A caption per line behind its image and number: {@code 1000092795.jpg#0}, a tab, the caption, as in Flickr30k's
 * {@code results_20130124.token} and in COCO-CN; names without an extension are those of JPEG files. In Kaggle's {@code results.csv} the
 * three are apart: {@code 1000092795.jpg| 0| A dog.}
 */
final class TokenLines {
    private static final String FORMAT = "a line has the form '1000092795.jpg#0', a tab, the caption.";

    private TokenLines() {}

    /** @param images whose captions are wanted; empty for all */
    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places, Optional<Set<String>> images) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "line");
        lines(file, new Utf8Lines.Target() {
            @Override
            public void line(int number, String text) {
                if (text.isBlank() || text.startsWith("image_name")) {
                    return;
                }
                try {
                    Line line = Line.parse(text);
                    if (images.isEmpty() || images.get().contains(line.image)) {
                        builder.caption(number, line.image, line.number, line.caption);
                    }
                } catch (BadLineException e) {
                    builder.report().skipBad(number, String.valueOf(e.getMessage()), e.detail());
                }
            }

            @Override
            public void unusable(int number, String reason) {
                builder.report().skipBad(number, reason, "");
            }
        });
        return builder.build(FORMAT);
    }

    private record Line(String image, String number, String caption) {
        static Line parse(String text) throws BadLineException {
            int bar = text.indexOf('|');
            int tab = text.indexOf('\t');
            if (tab < 0 && bar > 0) {
                int second = text.indexOf('|', bar + 1);
                if (second < 0) {
                    throw new BadLineException("fewer than three fields", "");
                }
                return new Line(
                        withExtension(text.substring(0, bar).strip()),
                        "#" + text.substring(bar + 1, second).strip(),
                        text.substring(second + 1).strip());
            }
            int hash = text.indexOf('#');
            int end = tab >= 0 ? tab : text.indexOf(' ');
            if (hash <= 0 || end < hash) {
                throw new BadLineException("no image and number before the caption", "");
            }
            return new Line(
                    withExtension(text.substring(0, hash).strip()),
                    text.substring(hash, end).strip(),
                    text.substring(end + 1).strip());
        }
    }

    /** The images that a file lists, one per line. */
    static Set<String> list(Path file) {
        Set<String> names = new LinkedHashSet<>();
        lines(file, new Utf8Lines.Target() {
            @Override
            public void line(int number, String text) {
                if (!text.isBlank()) {
                    names.add(withExtension(text.strip()));
                }
            }

            @Override
            public void unusable(int number, String reason) {
                throw new InputException("%s: expected the name of an image per line, found in line %d: %s."
                        .formatted(file, number, reason));
            }
        });
        if (names.isEmpty()) {
            throw new InputException(
                    "%s: expected the name of an image per line, found none; get the file again.".formatted(file));
        }
        return names;
    }

    private static String withExtension(String image) {
        return image.lastIndexOf('.') > image.lastIndexOf('/') ? image : image + ".jpg";
    }

    private static void lines(Path file, Utf8Lines.Target target) {
        try (InputStream input = Files.newInputStream(file)) {
            Utf8Lines.read(input, target);
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
        }
    }
}
