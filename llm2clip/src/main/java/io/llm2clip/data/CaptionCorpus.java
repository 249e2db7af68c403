package io.llm2clip.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Groups of captions of the same thing: positives for stage 1, text for language modelling. A file of JSON lines,
 * {@code {"captions": ["...", "..."]}}; other keys are ignored, so a data set's {@code captions.jsonl} is one. Errors
 * are handled as in {@link CaptionedImages}.
 *
 * @param groups in file order; a group has at least one caption
 */
public record CaptionCorpus(List<List<String>> groups, DataReport report) {
    private static final String FORMAT = "a line has the form {\"captions\": [\"a caption\", \"another one\"]}.";

    public CaptionCorpus {
        groups = List.copyOf(groups);
    }

    /**
     * Reads a file, or the {@code captions.jsonl} of a folder.
     *
     * @throws InputException when it is missing, empty or mostly unusable
     */
    public static CaptionCorpus open(Path path) {
        Path file = Files.isDirectory(path) ? CaptionFile.require(path, FORMAT) : path;
        if (!Files.isRegularFile(file)) {
            throw new InputException("The caption file %s does not exist; %s".formatted(file, FORMAT));
        }
        var report = new DataReport.Builder(file.toString());
        List<List<String>> groups = new ArrayList<>();
        JsonLines.read(file, report, (line, object) -> {
            groups.add(JsonLines.captions(object, report::leaveOut));
            report.use();
        });
        return new CaptionCorpus(groups, report.build(FORMAT));
    }

    /** All captions in order. */
    public Stream<String> captions() {
        return groups.stream().flatMap(List::stream);
    }
}
