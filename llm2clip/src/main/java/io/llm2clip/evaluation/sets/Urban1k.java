package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import io.llm2clip.data.JsonLines.BadLineException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Two folders: {@code image/1.jpg} is described by the first line of {@code caption/1.txt}, and so on up to 1000. */
final class Urban1k {
    private static final String SUFFIX = ".txt";
    private static final String FORMAT = "a caption is the first line of caption/1.txt, its image is image/1.jpg.";

    private Urban1k() {}

    /** @param captions the folder of captions */
    static RetrievalSet read(String title, Path folder, Path captions, ImagePlaces places) {
        SetBuilder builder = new SetBuilder(title, folder, places, captions, "file");
        List<Path> files = files(captions);
        for (int i = 0; i < files.size(); i++) {
            String name = files.get(i).getFileName().toString();
            try {
                builder.caption(
                        i + 1,
                        name.substring(0, name.length() - SUFFIX.length()) + ".jpg",
                        "",
                        firstLine(files.get(i)));
            } catch (BadLineException e) {
                builder.report().skipBad(i + 1, String.valueOf(e.getMessage()), name);
            }
        }
        return builder.build(FORMAT);
    }

    private static String firstLine(Path file) throws BadLineException {
        try (Stream<String> lines = Files.readString(file).lines()) {
            return lines.findFirst().orElse("").strip();
        } catch (CharacterCodingException e) {
            throw new BadLineException("not UTF-8", "");
        } catch (IOException e) {
            throw new BadLineException("cannot be read", IoReason.of(e));
        }
    }

    /** By number: 2 comes before 10. */
    private static List<Path> files(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .sorted(Comparator.comparingInt(
                                    (Path file) -> file.getFileName().toString().length())
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        } catch (IOException e) {
            throw new InputException("The folder %s cannot be read (%s).".formatted(folder, IoReason.of(e)), e);
        }
    }
}
