package io.llm2clip.dataset;

import io.llm2clip.data.DataReport;
import io.llm2clip.data.InputException;
import io.llm2clip.data.JsonLines;
import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Texts without images, in a file of JSON lines of any length: groups of captions, {@code {"captions": ["...", "..."]}}, or queries with
 * what they should find and what they should not, {@code {"query": "...", "positive": "...", "negative": "..."}}, without a negative in
 * pairs. The first usable line says which of the two; a text may also be a list of them, and other keys are ignored.
 */
public final class TextFile extends LineExamples {
    /** The column of a query. */
    public static final String QUERY = "query";

    /** The column of what a query should find. */
    public static final String POSITIVE = "positive";

    /** The column of what it should not, though it is alike. */
    public static final String NEGATIVE = "negative";

    private static final String CAPTIONS = "captions";
    private static final String FORMAT =
            "a line has the form {\"captions\": [\"a caption\", \"another one\"]} or {\"query\": \"...\", \"positive\": \"...\", \"negative\": \"...\"}.";

    private final Path file;
    private final boolean queries;

    private TextFile(Path file, boolean queries, UsableLines lines, DataReport report) {
        super(file, lines, report);
        this.file = file;
        this.queries = queries;
    }

    /** What a scan has found so far. */
    private static final class Scan {
        private final BitSet usable = new BitSet();
        private @Nullable Boolean queries;
    }

    /**
     * Looks through the lines of a file.
     *
     * @throws InputException when it is missing, empty or mostly unusable
     */
    public static TextFile open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InputException("The caption file %s does not exist; %s".formatted(file, FORMAT));
        }
        var report = new DataReport.Builder(file.toString(), "line");
        Scan scan = new Scan();
        JsonLines.read(file, report, (line, object) -> {
            boolean queries = scan.queries == null ? object.has(QUERY) : scan.queries;
            captions(object, queries, report::leaveOut);
            scan.queries = queries;
            scan.usable.set(line - 1);
            report.use();
        });
        DataReport found = report.build(FORMAT);
        return new TextFile(file, Boolean.TRUE.equals(scan.queries), new UsableLines(file, scan.usable), found);
    }

    @Override
    public Example read(int shard, int index) {
        int line = number(shard, index);
        try {
            List<Example.Caption> captions = captions(JsonLines.parse(line(line)), queries, _ -> {});
            return new Example("line " + (line + 1), file.toString(), Optional.empty(), captions);
        } catch (BadLineException e) {
            throw new InputException(
                    "A line of %s has changed since the run began (%s); start a new one."
                            .formatted(file, e.sentencePart()),
                    e);
        }
    }

    @Override
    public String digest() {
        return FileDigests.ofContent(file);
    }

    private static List<Example.Caption> captions(ObjectNode object, boolean queries, Consumer<String> leftOut)
            throws BadLineException {
        List<Example.Caption> captions = new ArrayList<>();
        if (!queries) {
            JsonLines.captions(object, leftOut).forEach(text -> captions.add(new Example.Caption(CAPTIONS, text)));
            return captions;
        }
        for (String key : List.of(QUERY, POSITIVE, NEGATIVE)) {
            JsonNode node = object.get(key);
            boolean missing = node == null || node.isNull();
            if (missing && key.equals(NEGATIVE)) {
                continue;
            }
            if (missing) {
                throw new BadLineException("no key \"%s\"".formatted(key), "");
            }
            Iterable<JsonNode> texts = node.isArray() ? node : List.of(node);
            JsonLines.texts(texts, leftOut).forEach(text -> captions.add(new Example.Caption(key, text)));
        }
        return captions;
    }
}
